// Package reach connects to one particular worker of those that share a listener.
//
// Whoever connects to a shared listener may get any worker. A salvo makes several connections and asks the kernel who
// has accepted each, until the wanted worker has one (reach.go); the others end in peace. A Forwarder listens at an
// address of its own and passes each connection on to the canary of a reload (forward.go, relay.go). A Seeker tells
// which generation has accepted a connection (generation.go).
package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// Reached is a connection that one of the wanted workers has accepted, and on which nothing was said. Who gets it closes it, and
// tells ownClients of its end.
type Reached struct {
	Conn    net.Conn
	Client  listen.Client
	Worker  string
	Offered int // so many connections were made
	Taken   int // of which somebody has accepted so many
	Unknown int // of which nobody can tell who has accepted so many: they ended at once
}

// Reacher connects to listeners to find out which worker accepts there.
type Reacher struct {
	Own     *listen.OwnClients
	Sockets func() ([]kernel.Listener, error)                                                           // those that may be meant
	Holders func(workers []string, accepted map[uint64]listen.Client) (map[listen.Client]string, error) // by inode, who has accepted them
}

func (r Reacher) Salvo(a listen.ListenAddress) *salvo { return &salvo{Reacher: r, at: a} }

// Reach connects to a listener, several times if need be, until one of the workers has accepted a connection, by the kernel's word.
// The other connections are ended in peace. It fails if nobody listens, if the kernel does not tell who has accepted what, and
// when the context is over; the counts are right then, too.
func (r Reacher) Reach(ctx context.Context, a listen.ListenAddress, workers []string) (Reached, error) {
	s := r.Salvo(a)
	defer s.End()
	p := NewPace(a)
	p.Long = reachGap
	for {
		accepted, err := s.Turn(ctx, p, workers)
		if err != nil {
			return s.reached(Acceptance{}), err
		}
		var found Acceptance
		for _, one := range accepted {
			if found.Worker == "" && slices.Contains(workers, one.Worker) {
				found = one
			} else {
				s.Part(one.Offer)
			}
		}
		if found.Worker != "" {
			return s.reached(found), nil
		}
	}
}

// Turn makes connections if it is time for that, and looks at those that wait when it is time for that.
func (s *salvo) Turn(ctx context.Context, p *Pace, workers []string) ([]Acceptance, error) {
	if err := s.Add(ctx, p.due(len(s.Waiting))); err != nil {
		return nil, fmt.Errorf("connect to the listener %s: %w", s.at.Name, err)
	}
	if err := p.rest(ctx, len(s.Waiting)); err != nil || len(s.Waiting) == 0 {
		return nil, err
	}
	began := time.Now()
	accepted, err := s.Look(workers)
	p.looked(time.Since(began))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNobodyTells, err)
	}
	return accepted, nil
}

// ErrNobodyTells: the kernel does not say who has accepted which connection.
var ErrNobodyTells = errors.New("cannot tell who accepts connections")

func (s *salvo) reached(one Acceptance) Reached {
	return Reached{Conn: one.Conn, Client: one.client, Worker: one.Worker, Offered: s.offered, Taken: s.Taken, Unknown: s.Unknown}
}

// Pace says how many connections are made, and when: one at first, and if others accept that, more, and after longer and longer
// when several salvos have reached nobody. As long as some wait that anybody may accept, no more are made.
type Pace struct {
	shared bool // all workers accept from one queue
	Size   int
	vain   int           // salvos since anybody was reached
	pause  time.Duration // between two looks
	gap    time.Duration // between two salvos
	next   time.Time     // the next salvo is not before
	Long   time.Duration // the longest gap
}

const (
	firstRest  = time.Millisecond
	lastRest   = 50 * time.Millisecond
	LastGap    = time.Second
	reachGap   = 5 * time.Millisecond // the longest of reach: somebody waits for one worker that may seldom be the first of many to wake
	mostAtOnce = 16
	fewSalvos  = 8
	restShare  = 5 // a look may take so much less time than the rest before the next
)

func NewPace(a listen.ListenAddress) *Pace {
	return &Pace{shared: !a.ReusePort, Size: 1, pause: firstRest, gap: firstRest, Long: LastGap}
}

// Reached has the next salvos follow soon.
func (p *Pace) Reached() { p.vain, p.gap = 0, firstRest }

// due is how many connections to make now, when so many wait.
func (p *Pace) due(waiting int) int {
	if now := time.Now(); (waiting == 0 || !p.shared) && !now.Before(p.next) {
		n := p.Size
		p.Size, p.pause = min(4*p.Size, mostAtOnce), firstRest
		if p.vain++; p.vain > fewSalvos {
			p.gap = min(2*p.gap, p.Long)
		}
		p.next = now.Add(p.gap)
		return n
	}
	return 0
}

// rest waits until it is time to look again, or, if none wait, for the next salvo.
func (p *Pace) rest(ctx context.Context, waiting int) error {
	d := p.pause
	if waiting == 0 {
		d = time.Until(p.next)
	}
	p.pause = min(2*p.pause, lastRest)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// looked has the next rest be long in relation to what a look costs.
func (p *Pace) looked(took time.Duration) { p.pause = max(p.pause, min(restShare*took, lastRest)) }
