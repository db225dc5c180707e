package master

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"rota/internal/lapse"
)

// gauge measures what a reload does to clients, by being one: it opens one connection after the
// other to the listeners, and looks at their queues and at what the kernel counts as lost. One
// goroutine does all that; what it has found may be read from any.
type gauge struct {
	instruments
	interval   time.Duration
	generation int // the reload's

	losses *losses       // made by the goroutine
	counts chan struct{} // closed when it has
	slowly atomic.Bool
	phase  atomic.Int32
	hurry  chan struct{} // ends a pause; holds one
	asked  chan func()   // to prove it; holds one
	found  atomic.Pointer[Measured]
	cancel context.CancelFunc
	begun  chan struct{} // closed when the first probes are under way
	ended  chan struct{} // closed when the goroutine has ended

	// What belongs to the goroutine.
	turn    int       // probes so far
	latest  time.Time // when a probe was sent, or the queues were looked at instead
	looked  time.Time // at the queues
	ledgers map[string]*ledger
	order   []ListenAddress // of the ledgers, as they were first probed
	under   []*probing      // way, oldest first
	news    chan func()     // from those
	proof   *proof          // that it is after; nil for none
	deepest int
}

// instruments are what a gauge measures with.
type instruments struct {
	endpoints func() []ListenAddress // where to probe now
	queues    func() (deepest uint32, err error)
	counters  func() (overflows, drops uint64, err error) // the kernel's ListenOverflows and ListenDrops
	knock     func(context.Context, ListenAddress, func(holder)) knocked
	cost      func() time.Duration // that it took of late to find out who has accepted a probe; nil: none
	alone     func() bool          // nobody older than the reload's generation can accept; nil: nobody knows
}

const (
	// slowInterval is the pause between probes when little is at stake, at least.
	slowInterval = time.Second
	// sampleEvery is how often the queues are looked at while no probe is made, or one takes long.
	sampleEvery = 50 * time.Millisecond
	// costShare bounds what it costs to find out who has accepted a probe: one part in so many of the time.
	costShare = 10
)

// newGauge starts to measure. A probe of each listener is made at once, the others with pauses of the interval; with 0 there are none.
func newGauge(interval time.Duration, generation int, with instruments) *gauge {
	g := &gauge{
		instruments: with,
		interval:    interval,
		generation:  generation,
		counts:      make(chan struct{}),
		hurry:       make(chan struct{}, 1),
		asked:       make(chan func(), 1),
		begun:       make(chan struct{}),
		ended:       make(chan struct{}),
		ledgers:     map[string]*ledger{},
		news:        make(chan func()),
	}
	g.found.Store(&Measured{})
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go g.run(ctx)
	return g
}

// awaitBegun returns when the first probes are under way, or a while later.
func (g *gauge) awaitBegun(within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-g.begun:
	case <-timer.C:
	case <-g.ended:
	}
}

// stop ends it without waiting. A probe that is under way does not count.
func (g *gauge) stop() { g.cancel() }

// slow makes the pauses longer, for while older workers drain and the new ones only have to prove themselves.
func (g *gauge) slow() { g.slowly.Store(true) }

// fast makes the pauses short again, at once.
func (g *gauge) fast() {
	if g.slowly.Swap(false) {
		g.next()
	}
}

// next ends a pause.
func (g *gauge) next() {
	select {
	case g.hurry <- struct{}{}:
	default:
	}
}

// enter says how far the reload is.
func (g *gauge) enter(p phase) { g.phase.Store(int32(p)) }

// reading is what was found up to now. The kernel's counters are read anew. The loop never calls it: that takes a while.
func (g *gauge) reading() Measured {
	<-g.counts
	m := *g.found.Load()
	m.Overflows, m.Drops, m.CountersKnown = g.losses.read()
	return m
}

func (g *gauge) run(ctx context.Context) {
	defer close(g.ended)
	g.losses = countLosses(g.counters)
	close(g.counts)
	g.turnAll(ctx)
	close(g.begun)
	g.publish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(g.idle())
		select {
		case <-timer.C:
		case <-g.hurry:
			g.latest = time.Time{}
		case news := <-g.news:
			news()
		case done := <-g.asked:
			g.proof = &proof{lapse.StartWatch(), done}
		case <-ctx.Done():
			g.leave()
			return
		}
		g.turnOver(ctx)
		g.settleProof()
		g.publish()
	}
}

// turnAll is the first turn: one at every listener, for what it is like before the reload changes anything.
func (g *gauge) turnAll(ctx context.Context) {
	g.sample()
	g.latest = time.Now()
	if g.interval > 0 {
		for _, a := range g.targets() {
			g.send(ctx, a)
		}
	}
}

// turnOver does what is due.
func (g *gauge) turnOver(ctx context.Context) {
	if len(g.under) > 0 && time.Since(g.looked) >= sampleEvery {
		g.sample()
		g.giveUp()
	}
	if g.busy() || time.Since(g.latest) < g.pause() {
		return
	}
	g.latest = time.Now()
	g.sample()
	if a, ok := g.target(); g.interval > 0 && ok {
		g.send(ctx, a)
	}
}

// idle is how long there is nothing to do.
func (g *gauge) idle() time.Duration {
	due := g.latest.Add(g.pause())
	if len(g.under) > 0 {
		look := g.looked.Add(sampleEvery)
		if g.busy() || look.Before(due) {
			due = look
		}
	}
	return time.Until(due)
}

// pause is the time from one probe to the next.
func (g *gauge) pause() time.Duration {
	pause := g.interval
	switch {
	case g.interval == 0:
		pause = sampleEvery
	case g.proof != nil:
		pause = min(pause, proveEvery)
	}
	if g.slowly.Load() && g.proof == nil {
		pause = max(pause, slowInterval)
	}
	if g.cost != nil {
		pause = max(pause, costShare*g.cost())
	}
	return pause
}

// targets are those of the endpoints that can be probed. Nobody connects to a datagram socket.
func (g *gauge) targets() []ListenAddress {
	return slices.DeleteFunc(slices.Clone(g.endpoints()), func(a ListenAddress) bool { return !a.stream() })
}

// target is the listener whose turn it is: while it is after a proof, of those that lack one.
func (g *gauge) target() (ListenAddress, bool) {
	list := g.targets()
	if g.proof != nil {
		if lacking := slices.DeleteFunc(slices.Clone(list), func(a ListenAddress) bool { return !g.ledger(a).lacks() }); len(lacking) > 0 {
			list = lacking
		}
	}
	if len(list) == 0 {
		return ListenAddress{}, false
	}
	return list[g.turn%len(list)], true
}

// stillThere reports whether the listener is meant to be reached. Whoever knocks while it is given up is
// turned away, which is no loss.
func (g *gauge) stillThere(a ListenAddress) bool { return slices.Contains(g.endpoints(), a) }

func (g *gauge) ledger(a ListenAddress) *ledger {
	t := g.ledgers[a.Address]
	if t == nil {
		t = &ledger{}
		g.ledgers[a.Address] = t
		g.order = append(g.order, a)
	}
	return t
}

// sample looks at the queues. When the kernel does not tell, the deepest that was seen stays.
func (g *gauge) sample() {
	g.looked = time.Now()
	if deepest, err := g.queues(); err == nil {
		g.deepest = max(g.deepest, int(deepest))
	}
}

// publish lets everybody read what was found. A probe that has waited for so long that it may be a stall counts as if it had
// been given up.
func (g *gauge) publish() {
	m := Measured{DeepestQueue: g.deepest}
	for _, a := range g.order {
		t := *g.ledgers[a.Address]
		for _, p := range g.under {
			if p.listener == a && p.watch.Took() > stallFrom {
				t.count(p.sent, p.unanswered(), g.generation)
			}
		}
		t.report(&m, a.Name)
	}
	g.found.Store(&m)
}
