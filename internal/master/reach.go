package master

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"rota/internal/kernel"
)

// reached is a connection that one of the wanted workers has accepted, and on which nothing was said. Who gets it closes it, and
// tells ownClients of its end.
type reached struct {
	conn    net.Conn
	client  Client
	worker  string
	offered int // so many connections were made
	taken   int // of which somebody has accepted so many
	unknown int // of which nobody can tell who has accepted so many: they ended at once
}

// reacher connects to listeners to find out which worker accepts there.
type reacher struct {
	own     *ownClients
	sockets func() ([]kernel.Listener, error)                                             // those that may be meant
	holders func(workers []string, accepted map[uint64]Client) (map[Client]string, error) // by inode, who has accepted them
}

func (r reacher) salvo(a ListenAddress) *salvo { return &salvo{reacher: r, at: a} }

// reach connects to a listener, several times if need be, until one of the workers has accepted a connection, by the kernel's word.
// The other connections are ended in peace. It fails if nobody listens, if the kernel does not tell who has accepted what, and
// when the context is over; the counts are right then, too.
func (r reacher) reach(ctx context.Context, a ListenAddress, workers []string) (reached, error) {
	s := r.salvo(a)
	defer s.end()
	p := newPace(a)
	p.long = reachGap
	for {
		accepted, err := s.turn(ctx, p, workers)
		if err != nil {
			return s.reached(acceptance{}), err
		}
		var found acceptance
		for _, one := range accepted {
			if found.worker == "" && slices.Contains(workers, one.worker) {
				found = one
			} else {
				s.part(one.offer)
			}
		}
		if found.worker != "" {
			return s.reached(found), nil
		}
	}
}

// turn makes connections if it is time for that, and looks at those that wait when it is time for that.
func (s *salvo) turn(ctx context.Context, p *pace, workers []string) ([]acceptance, error) {
	if err := s.add(ctx, p.due(len(s.waiting))); err != nil {
		return nil, fmt.Errorf("connect to the listener %s: %w", s.at.Name, err)
	}
	if err := p.rest(ctx, len(s.waiting)); err != nil || len(s.waiting) == 0 {
		return nil, err
	}
	began := time.Now()
	accepted, err := s.look(workers)
	p.looked(time.Since(began))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNobodyTells, err)
	}
	return accepted, nil
}

// errNobodyTells: the kernel does not say who has accepted which connection.
var errNobodyTells = errors.New("cannot tell who accepts connections")

func (s *salvo) reached(one acceptance) reached {
	return reached{conn: one.Conn, client: one.client, worker: one.worker, offered: s.offered, taken: s.taken, unknown: s.unknown}
}

// pace says how many connections are made, and when: one at first, and if others accept that, more, and after longer and longer
// when several salvos have reached nobody. As long as some wait that anybody may accept, no more are made.
type pace struct {
	shared bool // all workers accept from one queue
	size   int
	vain   int           // salvos since anybody was reached
	pause  time.Duration // between two looks
	gap    time.Duration // between two salvos
	next   time.Time     // the next salvo is not before
	long   time.Duration // the longest gap
}

const (
	firstRest  = time.Millisecond
	lastRest   = 50 * time.Millisecond
	lastGap    = time.Second
	reachGap   = 5 * time.Millisecond // the longest of reach: somebody waits for one worker that may seldom be the first of many to wake
	mostAtOnce = 16
	fewSalvos  = 8
	restShare  = 5 // a look may take so much less time than the rest before the next
)

func newPace(a ListenAddress) *pace {
	return &pace{shared: !a.ReusePort, size: 1, pause: firstRest, gap: firstRest, long: lastGap}
}

// reached has the next salvos follow soon.
func (p *pace) reached() { p.vain, p.gap = 0, firstRest }

// due is how many connections to make now, when so many wait.
func (p *pace) due(waiting int) int {
	if now := time.Now(); (waiting == 0 || !p.shared) && !now.Before(p.next) {
		n := p.size
		p.size, p.pause = min(4*p.size, mostAtOnce), firstRest
		if p.vain++; p.vain > fewSalvos {
			p.gap = min(2*p.gap, p.long)
		}
		p.next = now.Add(p.gap)
		return n
	}
	return 0
}

// rest waits until it is time to look again, or, if none wait, for the next salvo.
func (p *pace) rest(ctx context.Context, waiting int) error {
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
func (p *pace) looked(took time.Duration) { p.pause = max(p.pause, min(restShare*took, lastRest)) }
