package admin

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rota/internal/master"
	"rota/internal/words"
)

// Sorted by something that moves, such as how long it has been idle, a connection may change
// its place between two pages, and would be told twice or never. So the listing that the
// first page came from is kept, and the later pages are cut from it.

const (
	mostKept     = 8       // listings
	mostKeptRows = 200_000 // of all of them together
	keptFor      = time.Minute
)

// keptListing is one that has pages to come. Nobody changes it.
type keptListing struct {
	token  string
	filter filter
	order  string
	taken  time.Time
	rows   []master.Connection // all that the filter lets through, in order
	unseen []string
}

// keptPlace is where in which listing a page begins; as a cursor it is "token:offset".
type keptPlace struct {
	token  string
	offset int
}

func (p keptPlace) cursor() string { return p.token + ":" + strconv.Itoa(p.offset) }

func readKeptPlace(text string) (*keptPlace, error) {
	token, number, _ := strings.Cut(text, ":")
	offset, err := strconv.Atoi(number)
	if err != nil || offset < 0 {
		return nil, foreignCursor(text)
	}
	return &keptPlace{token, offset}, nil
}

// newKept copies the rows, so that they don't hold on to those that the filter has left out.
func newKept(l listing, rows []row, unseen []string) *keptListing {
	kept := &keptListing{
		token:  rand.Text(), // a number would be taken for another listing after a restart
		filter: l.filter,
		order:  l.order.name,
		taken:  time.Now(),
		rows:   make([]master.Connection, len(rows)),
		unseen: unseen,
	}
	for i, r := range rows {
		kept.rows[i] = *r.connection
	}
	return kept
}

// page cuts out the rows from the offset on.
func (k *keptListing) page(offset, limit int) connectionPage {
	from := min(offset, len(k.rows))
	to := min(from+limit, len(k.rows))
	found := connectionPage{rows: make([]*master.Connection, 0, to-from), unseen: k.unseen}
	for i := from; i < to; i++ {
		found.rows = append(found.rows, &k.rows[i])
	}
	if to < len(k.rows) {
		found.next = new(keptPlace{k.token, to}.cursor())
	}
	return found
}

// shelf holds the kept listings. What is too old goes when somebody comes by.
type shelf struct {
	mu       sync.Mutex
	listings []*keptListing // oldest first
}

// keep puts a listing on the shelf, and takes off the oldest ones while there is too much.
// One that is too large by itself is not kept: its first page is all there is.
func (s *shelf) keep(k *keptListing) {
	if len(k.rows) > mostKeptRows {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	s.listings = append(s.listings, k)
	for len(s.listings) > mostKept || s.rows() > mostKeptRows {
		s.listings = slices.Delete(s.listings, 0, 1)
	}
}

// find returns the listing that the client goes on with.
func (s *shelf) find(place keptPlace, l listing) (*keptListing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	for _, k := range s.listings {
		if k.token != place.token {
			continue
		}
		if k.filter != l.filter || k.order != l.order.name {
			return nil, foreignCursor(place.cursor())
		}
		return k, nil
	}
	p := problemf(http.StatusGone, "cursor: the listing that it goes on with is not kept any more; "+
		"start again from the first page, without a cursor. Sorted by %s a listing is kept for %s, and less if there are "+
		"others or more than %d rows; sorted by id it can be paged through for any time",
		strings.TrimPrefix(l.order.name, "-"), words.Exact(keptFor), mostKeptRows)
	p.Field = "cursor"
	return nil, p
}

func (s *shelf) expire() {
	s.listings = slices.DeleteFunc(s.listings, func(k *keptListing) bool { return time.Since(k.taken) >= keptFor })
}

func (s *shelf) rows() int {
	sum := 0
	for _, k := range s.listings {
		sum += len(k.rows)
	}
	return sum
}
