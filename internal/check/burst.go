package check

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"rota/internal/lapse"
	"rota/internal/master"
)

// visit is one connection to a listener.
type visit struct {
	net.Conn
	client   master.Client
	listener master.ListenAddress
	worker   string // that has accepted it; "" for nobody yet, or somebody unknown
	nobodys  int    // looks at which somebody held it who is no worker
}

// burst is connections that are opened together. Each is asked as soon as somebody has accepted it,
// since a worker may take the next one only when it is done with this one.
type burst struct {
	*round
	waiting []*visit // in the queue
	ask     func(context.Context, *visit) error
	heard   func(worker string) // is told of each that has answered well; "" is somebody unknown
	enough  func() bool         // nobody else has to be asked

	asked       sync.WaitGroup
	answers     chan answer
	outstanding int
	expired     bool
	moved       time.Time // when somebody accepted or answered last
}

// answer is what came of a visit.
type answer struct {
	*visit
	err error
}

// visitAll connects to each of the listeners. Those that don't want to be connected to are complained about when
// that counts, like every bad answer.
func (r *round) visitAll(ctx context.Context, listeners []master.ListenAddress) (visits []*visit, bad *complaint) {
	ctx, cancel := lapse.WithTimeout(ctx, r.timeout)
	defer cancel()
	for _, a := range listeners {
		c, client, err := a.Dial(ctx)
		if err != nil {
			if bad == nil && r.counts("") {
				bad = &complaint{message: fmt.Sprintf("nobody can connect to %s: %s", called(a), cause(err))}
			}
			continue
		}
		if r.Opened != nil {
			r.Opened(client)
		}
		visits = append(visits, &visit{Conn: c, client: client, listener: a})
	}
	return visits, bad
}

// run returns the first bad answer that counts. An answer is waited for as long as the timeout says,
// and before it the acceptance.
func (b *burst) run(ctx context.Context) *complaint {
	ctx, cancel := context.WithCancel(ctx)
	b.answers = make(chan answer, len(b.waiting))
	b.moved = time.Now()
	defer b.close(slices.Clone(b.waiting))
	defer cancel()
	expiry := lapse.NewTimer()
	expiry.Reset(b.timeout)
	defer expiry.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		var again <-chan time.Time
		if b.looking() {
			began := time.Now()
			b.look(ctx)
			again = time.After(max(pause, lookShare*time.Since(began)))
		}
		if b.outstanding == 0 && !b.looking() {
			return b.leftOver()
		}
		select {
		case a := <-b.answers:
			if bad := b.judge(a); bad != nil {
				return bad
			}
		case <-again:
		case <-expiry.C:
			b.expired = true
		case <-ctx.Done():
			return nil
		}
	}
}

// close ends all of the connections, when who has been asked on them knows that it is over.
func (b *burst) close(all []*visit) {
	for _, v := range b.waiting {
		b.asked.Go(v.leave)
	}
	b.asked.Wait()
	for _, v := range all {
		if b.Closed != nil {
			b.Closed(v.client)
		}
	}
}

// A look costs up to tens of milliseconds where there are ten thousand connections. It may
// not take more than a part of the time.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 50 * time.Millisecond
	lookShare  = 5
)

func (b *burst) looking() bool { return len(b.waiting) > 0 && !b.expired && !b.enough() }

// look asks those that have been accepted.
func (b *burst) look(ctx context.Context) {
	holders, seen := b.holders()
	b.waiting = slices.DeleteFunc(b.waiting, func(v *visit) bool {
		if !v.accepted(holders, seen) {
			return false
		}
		b.moved = time.Now()
		b.outstanding++
		b.asked.Go(func() { b.answers <- answer{v, b.ask(ctx, v)} })
		return true
	})
}

// holders asks the master who has accepted what. Not seen: it can't tell.
func (b *burst) holders() (holders map[master.Client]string, seen bool) {
	if b.Holders == nil {
		return nil, false
	}
	var clients []master.Client
	for _, v := range b.waiting {
		clients = append(clients, v.client)
	}
	holders, err := b.Holders(clients)
	return holders, err == nil
}

// accepted reports whether somebody has the connection: the kernel says who, or something came back. If
// nobody can see who has it, it is believed.
func (v *visit) accepted(holders map[master.Client]string, seen bool) bool {
	worker, held := holders[v.client]
	switch {
	case !seen, stirred(v.Conn):
		v.worker = worker
		return true
	case !held:
		return false
	case worker == "":
		v.nobodys++ // a worker that is just accepting it does not hold it yet, for a moment
		return v.nobodys > 1
	}
	v.worker = worker
	return true
}

// judge returns a complaint if the answer is bad, and counts.
func (b *burst) judge(a answer) *complaint {
	b.outstanding--
	b.moved = time.Now()
	switch {
	case a.err == nil:
		b.heard(a.worker)
	case b.counts(a.worker):
		return &complaint{message: a.err.Error(), worker: a.worker}
	}
	return nil
}

// leftOver complains if some were never accepted although nobody was busy with others.
func (b *burst) leftOver() *complaint {
	if len(b.waiting) == 0 || !b.expired || !b.counts("") || time.Since(b.moved) < b.timeout/2 {
		return nil
	}
	return &complaint{message: fmt.Sprintf("nobody accepted a connection to %s in %s", called(b.waiting[0].listener), b.timeout)}
}
