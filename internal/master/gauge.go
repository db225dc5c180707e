package master

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// gauge measures what a reload does to clients, by being one: it opens one connection after the
// other to the listeners, and looks at their queues and at what the kernel counts as lost. One
// goroutine does all that; what it has found may be read from any.
type gauge struct {
	interval  time.Duration
	endpoints func() []ListenAddress
	queues    func() (deepest uint32, err error)
	knock     func(context.Context, ListenAddress) knocked
	losses    *losses

	slowly atomic.Bool
	hurry  chan struct{} // ends a pause; holds one
	found  atomic.Pointer[Measured]
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutine has ended
}

// Measured is what a gauge has found so far.
type Measured struct {
	Probes Probes

	// What the kernel has counted meanwhile, in the whole network namespace.
	Overflows     int // connections that a full queue refused
	Drops         int // those that were dropped for any reason, the former among them
	CountersKnown bool

	// Thrown is how many packets rota's own listeners have thrown away: at least one for each of its connections among the
	// above, and any number that belonged to none.
	Thrown int

	DeepestQueue int // the most that were seen to wait in one listener's queue, a probe among them
}

// Probes counts connections by what became of them. Sent is the sum of the others.
type Probes struct {
	Sent       int
	OK         int           // a worker answered, or closed it in peace
	Refused    int           // nobody listened
	Reset      int           // broken off
	Unanswered int           // not made, or neither answered nor closed, in a second
	Slowest    time.Duration // until the slowest of those that were OK was answered
}

const (
	// slowInterval is the pause between probes when little is at stake, at least.
	slowInterval = time.Second
	// sampleEvery is how often the queues are looked at while no probe is made.
	sampleEvery = 50 * time.Millisecond
)

// newGauge starts to measure. The first probe is made at once, the others with pauses of the interval; with 0
// there are none. endpoints are where to probe now, and counters the kernel's ListenOverflows
// and ListenDrops, of which the first reading is made here. own is told of each probe.
func newGauge(interval time.Duration, endpoints func() []ListenAddress, queues func() (deepest uint32, err error),
	counters func() (overflows, drops uint64, err error), own *ownClients) *gauge {
	g := makeGauge(interval, endpoints, queues, counters)
	g.knock = func(ctx context.Context, a ListenAddress) knocked { return knock(ctx, a, own) }
	g.start()
	return g
}

func makeGauge(interval time.Duration, endpoints func() []ListenAddress, queues func() (uint32, error), counters func() (uint64, uint64, error)) *gauge {
	g := &gauge{
		interval:  interval,
		endpoints: endpoints,
		queues:    queues,
		losses:    countLosses(counters),
		hurry:     make(chan struct{}, 1),
		ended:     make(chan struct{}),
	}
	g.found.Store(&Measured{})
	return g
}

func (g *gauge) start() {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go g.run(ctx)
}

// stop ends it without waiting. A probe that is under way does not count.
func (g *gauge) stop() { g.cancel() }

// slow makes the pauses longer, for while older workers drain and the new ones only have to prove themselves.
func (g *gauge) slow() { g.slowly.Store(true) }

// fast makes the pauses short again, at once.
func (g *gauge) fast() {
	if g.slowly.Swap(false) {
		select {
		case g.hurry <- struct{}{}:
		default:
		}
	}
}

// reading is what was found up to now. The kernel's counters are read anew.
func (g *gauge) reading() Measured {
	m := *g.found.Load()
	m.Overflows, m.Drops, m.CountersKnown = g.losses.read()
	return m
}

func (g *gauge) run(ctx context.Context) {
	defer close(g.ended)
	for turn := 0; ctx.Err() == nil; turn++ {
		began := time.Now()
		g.sample()
		if g.interval > 0 {
			g.probe(ctx, turn)
		}
		g.rest(ctx, began)
	}
}

// rest waits until the next turn is due, counted from when this one began.
func (g *gauge) rest(ctx context.Context, began time.Time) {
	pause := g.interval
	if pause == 0 {
		pause = sampleEvery
	}
	if g.slowly.Load() {
		pause = max(pause, slowInterval)
	}
	timer := time.NewTimer(time.Until(began.Add(pause)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.hurry:
	case <-ctx.Done():
	}
}

// probe makes one connection to the listener whose turn it is, and looks at the queues while that takes long.
func (g *gauge) probe(ctx context.Context, turn int) {
	a, ok := g.target(turn)
	if !ok {
		return
	}
	outcome := make(chan knocked, 1)
	go func() { outcome <- g.knock(ctx, a) }()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case k := <-outcome:
			if k.how == knockAnswered || ctx.Err() == nil && g.stillThere(a) {
				g.count(k)
			}
			return
		case <-tick.C:
			g.sample()
		}
	}
}

// target is the listener whose turn it is. Nobody connects to a datagram socket.
func (g *gauge) target(turn int) (ListenAddress, bool) {
	var list []ListenAddress
	for _, a := range g.endpoints() {
		if a.stream() {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return ListenAddress{}, false
	}
	return list[turn%len(list)], true
}

// stillThere reports whether the listener is meant to be reached. Whoever knocks while it is given up is
// turned away, which is no loss.
func (g *gauge) stillThere(a ListenAddress) bool {
	return slices.Contains(g.endpoints(), a)
}

func (g *gauge) count(k knocked) {
	m := *g.found.Load()
	switch k.how {
	case knockAnswered:
		m.Probes.OK++
		m.Probes.Slowest = max(m.Probes.Slowest, k.took)
	case knockRefused:
		m.Probes.Refused++
	case knockReset:
		m.Probes.Reset++
	case knockUnanswered:
		m.Probes.Unanswered++
	case knockNotMade:
		return
	}
	m.Probes.Sent++
	g.found.Store(&m)
}

// sample looks at the queues. When the kernel does not tell, the deepest that was seen stays.
func (g *gauge) sample() {
	deepest, err := g.queues()
	if m := *g.found.Load(); err == nil && int(deepest) > m.DeepestQueue {
		m.DeepestQueue = int(deepest)
		g.found.Store(&m)
	}
}

// losses is how much the kernel's two counters have grown.
type losses struct {
	counters         func() (overflows, drops uint64, err error)
	overflows, drops uint64 // at first
	err              error
}

func countLosses(counters func() (overflows, drops uint64, err error)) *losses {
	l := &losses{counters: counters}
	l.overflows, l.drops, l.err = counters()
	return l
}

func (l *losses) read() (overflows, drops int, known bool) {
	nowOverflows, nowDrops, err := l.counters()
	if l.err != nil || err != nil {
		return 0, 0, false
	}
	return int(nowOverflows - min(l.overflows, nowOverflows)), int(nowDrops - min(l.drops, nowDrops)), true
}
