package reach

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// Search makes connections to one listener to find out which workers accept there.
type Search struct {
	dialer   Dialer
	at       listen.Spec
	waiting  []attempt // in the listener's queue
	counts   Counts
	schedule schedule
}

// Wanted says whom a search is for.
type Wanted struct {
	Workers  []string
	Gap      time.Duration // between two rounds, at most; 0: LongestGap
	Unlikely bool          // hardly any will accept by now, so one connection at a time is enough
}

// Found is what one round of a search has shown.
type Found struct {
	Workers []string // those wanted that have accepted a connection
	Counts
}

// Counts says what became of connections.
type Counts struct {
	Offered  int // were made
	Accepted int // by any process
	Unknown  int // of the accepted ones: they ended before it could be seen who had accepted them
}

// Search begins a search. Its user closes it.
func (d Dialer) Search(a listen.Spec) *Search {
	return &Search{dialer: d, at: a, schedule: newSchedule(a)}
}

// Round makes connections if they are due, waits, and looks at who has accepted them. Accepted connections are closed
// politely. It fails as Dial does.
func (s *Search) Round(ctx context.Context, wanted Wanted) (Found, error) {
	before := s.counts
	accepted, err := s.next(ctx, wanted)
	var found Found
	for _, one := range accepted {
		s.dialer.closePolitely(one.attempt)
		if one.worker != "" {
			found.Workers = append(found.Workers, one.worker)
		}
	}
	found.Counts = s.counts.since(before)
	return found, err
}

// Hurry makes the next rounds follow soon, because the last one has found somebody new.
func (s *Search) Hurry() { s.schedule.hurry() }

// Close closes the connections that still wait.
func (s *Search) Close() {
	for _, one := range s.waiting {
		s.dialer.closePolitely(one)
	}
	s.waiting = nil
}

// next is one round. It returns the attempts that were accepted.
func (s *Search) next(ctx context.Context, wanted Wanted) ([]acceptedAttempt, error) {
	if wanted.Unlikely {
		s.schedule.size = 1
	}
	n := s.schedule.due(len(s.waiting), cmp.Or(wanted.Gap, LongestGap))
	if err := s.offer(ctx, n); err != nil {
		return nil, fmt.Errorf("connect to the listener %s: %w", s.at.Name, err)
	}
	if err := s.schedule.wait(ctx, len(s.waiting)); err != nil || len(s.waiting) == 0 {
		return nil, err
	}
	began := time.Now()
	accepted, err := s.look(wanted.Workers)
	s.schedule.looked(time.Since(began))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknowable, err)
	}
	return accepted, nil
}

// mostWaiting is how many connections of a search may wait at a time.
const mostWaiting = 32

// offer makes up to n connections. It leaves room in the queue for clients. It fails if nobody listens.
//
// The time between two of them is random. Every connection wakes all workers that wait. If the next one comes at
// once, the worker that woke first takes it, too; if it comes late, the others sleep again. In between, at a time
// that depends on the machine, the last worker to wake gets one.
func (s *Search) offer(ctx context.Context, n int) error {
	n = min(n, mostWaiting-len(s.waiting), s.room())
	apart := shortestApart << rand.IntN(longerApart)
	for i := range n {
		if i > 0 {
			sleepBriefly(apart)
		}
		c, client, err := s.connect(ctx)
		switch {
		case err == nil:
		case listen.NoAnswer(err):
			return nil // the queue is full, or new clients are turned away for now
		default:
			return err
		}
		s.dialer.Own.Add(client)
		s.waiting = append(s.waiting, attempt{Conn: c, client: client})
		s.counts.Offered++
	}
	return nil
}

// longestDial is how long a connection may take to be made. Where new clients are turned away the kernel would try for
// minutes, and a worker that drains would wait for the other connections of the search.
const longestDial = LongestGap

// connect makes one connection.
func (s *Search) connect(ctx context.Context) (net.Conn, listen.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, longestDial)
	defer cancel()
	return listen.DialPatiently(ctx, s.at)
}

// The pauses between connections are from 0.03 ms to 2 ms.
const (
	shortestApart = 32 * time.Microsecond
	longerApart   = 7
)

// sleepBriefly sleeps for less time than a timer of the runtime can.
func sleepBriefly(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}

// room is how many connections leave half of the queue to clients; 1 if the queue is fuller but not full, or if the
// kernel does not tell.
func (s *Search) room() int {
	endpoints, err := s.dialer.Sockets()
	endpoints = slices.DeleteFunc(endpoints, func(e kernel.Listener) bool {
		return e.Network() != s.at.Network || e.Address() != s.at.Address
	})
	queues, err2 := kernel.AcceptQueues(endpoints)
	if err != nil || err2 != nil || len(queues) == 0 {
		return 1
	}
	backlog, depth := 0, 0
	for _, q := range queues {
		backlog, depth = backlog+int(q.Backlog), depth+int(q.Depth)
	}
	return min(max(backlog/2-depth, 1), max(backlog-depth, 0))
}

func (c Counts) since(before Counts) Counts {
	return Counts{c.Offered - before.Offered, c.Accepted - before.Accepted, c.Unknown - before.Unknown}
}
