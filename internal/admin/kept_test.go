package admin

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/master"
)

// stir changes everything that moves about the fake's connections, closes some and opens one.
func stir(f *fakeMaster, random *rand.Rand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.connections = f.connections[random.IntN(5):]
	for i := range f.connections {
		c := &f.connections[i]
		c.RecvQueue, c.SendQueue = random.Uint32N(3), random.Uint32N(3)
		c.TCPState = []string{"ESTABLISHED", "CLOSE_WAIT", "LAST_ACK"}[random.IntN(3)]
		if c.TCP != nil {
			c.TCP = &kernel.TCPInfo{Idle: time.Duration(random.IntN(20)) * time.Second, BytesIn: random.Uint64N(9),
				BytesOut: random.Uint64N(9), RTT: time.Duration(random.IntN(5)) * time.Microsecond}
		}
	}
	fresh := f.connections[0]
	fresh.Cookie = random.Uint64()
	f.connections = append(f.connections, fresh)
}

// Each connection that there was at the first page comes once, in the order of then, and
// nothing else comes, whatever moves meanwhile.
func TestPagesHoldStillWhileConnectionsMove(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, field := range []string{"state", "tcp_state", "idle_ms", "bytes_in", "bytes_out", "recv_queue", "send_queue", "rtt_us"} {
		for _, query := range []string{"sort=", "sort=-", "listener=tcp&sort=-"} {
			f := newFakeMaster()
			f.connections = manyConnections(f, 230)
			s := newServer(f)
			target := "/connections?" + query + field
			whole := ids(get(t, s, target+"&limit=10000").is(http.StatusOK))
			before := f.samples
			page := get(t, s, target+"&limit=20").is(http.StatusOK)
			pieces := ids(page)
			for limit := 21; page["next"] != nil; limit++ {
				stir(f, random)
				page = get(t, s, fmt.Sprintf("%s&limit=%d&cursor=%s", target, limit, page["next"])).is(http.StatusOK)
				pieces = append(pieces, ids(page)...)
			}
			require.Equal(t, whole, pieces, target)
			require.Equal(t, before+1, f.samples, "the kernel is asked for the first page only")
		}
	}
}

// firstPage returns the cursor of the page after it.
func firstPage(t *testing.T, s *Server, target string) (cursor string) {
	t.Helper()
	return "&cursor=" + get(t, s, target).is(http.StatusOK)["next"].(string)
}

const byIdleTime = "/connections?sort=-idle_ms&limit=5"

func TestAKeptListingIsOfOneQuestion(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 40)
	s := newServer(f)
	cursor := firstPage(t, s, byIdleTime+"&worker="+f.workers[0].ID)
	of := "/workers/" + f.workers[0].ID + "/connections?sort=-idle_ms&limit=3" + cursor
	again := get(t, s, of).is(http.StatusOK)
	require.Len(t, again["connections"], 3, "the limit may be another")
	require.Equal(t, again, get(t, s, of).is(http.StatusOK), "a page can be asked for twice")
	for _, other := range []string{
		byIdleTime, byIdleTime + "&worker=" + f.workers[1].ID, byIdleTime + "&listener=tcp&worker=" + f.workers[0].ID,
		"/connections?sort=idle_ms&worker=" + f.workers[0].ID, "/connections?worker=" + f.workers[0].ID,
	} {
		get(t, s, other+cursor).problem(http.StatusBadRequest, "cursor")
	}
	beyond := get(t, s, of+"000").is(http.StatusOK)
	require.Equal(t, object{"connections": []any{}, "next": nil}, beyond)
}

func requireGone(t *testing.T, s *Server, target string) {
	t.Helper()
	p := get(t, s, target).problem(http.StatusGone, "cursor")
	require.Contains(t, p["detail"], "start again from the first page")
}

func TestAKeptListingGoesAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeMaster()
		f.connections = manyConnections(f, 40)
		s := newServer(f)
		cursor := firstPage(t, s, byIdleTime)
		time.Sleep(time.Minute - time.Nanosecond)
		get(t, s, byIdleTime+cursor).is(http.StatusOK)
		time.Sleep(time.Nanosecond)
		requireGone(t, s, byIdleTime+cursor)
		require.Empty(t, s.shelf.listings)
	})
}

func TestTheOldestKeptListingGoesFirst(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 40)
	s := newServer(f)
	var cursors []string
	for range mostKept + 1 {
		cursors = append(cursors, firstPage(t, s, byIdleTime))
	}
	get(t, s, "/connections?sort=-idle_ms").is(http.StatusOK) // all on one page
	firstPage(t, s, "/connections?limit=5")                   // by id
	requireGone(t, s, byIdleTime+cursors[0])
	for _, cursor := range cursors[1:] {
		get(t, s, byIdleTime+cursor).is(http.StatusOK)
	}
	requireGone(t, newServer(f), byIdleTime+cursors[1]) // of another master
}

func TestKeptListingsHaveABoundTogether(t *testing.T) {
	var s shelf
	kept := func(n int) *keptListing {
		k := &keptListing{token: fmt.Sprint(n), taken: time.Now(), rows: make([]master.Connection, n)}
		s.keep(k)
		return k
	}
	a, b, c := kept(90_000), kept(100_000), kept(10_000)
	require.Equal(t, []*keptListing{a, b, c}, s.listings)
	d := kept(1)
	require.Equal(t, []*keptListing{b, c, d}, s.listings)
	kept(mostKeptRows + 1)
	require.Len(t, s.listings, 3, "what is too large by itself drives nobody out")
	e := kept(mostKeptRows)
	require.Equal(t, []*keptListing{e}, s.listings)
}

func TestManyPageAtOnce(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 100)
	s := newServer(f)
	shared := firstPage(t, s, byIdleTime)
	want := ids(get(t, s, byIdleTime+shared).is(http.StatusOK))
	var readers sync.WaitGroup
	for range mostKept - 1 {
		readers.Go(func() {
			require.Equal(t, want, ids(get(t, s, byIdleTime+shared).is(http.StatusOK)))
			get(t, s, byIdleTime+firstPage(t, s, byIdleTime)).is(http.StatusOK)
		})
	}
	readers.Wait()
}
