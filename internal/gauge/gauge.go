// Package gauge measures what a reload does to clients, by being one.
//
// While a reload is under way a Gauge opens one probe connection after the other to each listener (probe_client.go,
// probes.go), notes who accepted it and how long the answer took (ledger.go), looks at the accept queues and at what the
// kernel counts as dropped (listener_drops.go). When the reload is live it looks for the proof that the new generation
// answers at each listener (proof.go). One goroutine does all that; a reading may be taken from any.
package gauge

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/record"
)

// Gauge measures what a reload does to clients, by being one: it opens one connection after the
// other to the listeners, and looks at their queues and at what the kernel counts as lost. One
// goroutine does all that; what it has found may be read from any.
type Gauge struct {
	Instruments
	interval   time.Duration
	generation int // the reload's

	losses *losses       // made by the goroutine
	counts chan struct{} // closed when it has
	slowly atomic.Bool
	phase  atomic.Int32
	hurry  chan struct{} // ends a pause; holds one
	asked  chan func()   // to prove it; holds one
	found  atomic.Pointer[record.Measured]
	cancel context.CancelFunc
	begun  chan struct{} // closed when the first probes are under way
	Ended  chan struct{} // closed when the goroutine has ended

	// What belongs to the goroutine.
	turn    int       // probes so far
	latest  time.Time // when a probe was sent, or the queues were looked at instead
	looked  time.Time // at the queues
	ledgers map[string]*ledger
	order   []listen.ListenAddress // of the ledgers, as they were first probed
	under   []*probing             // way, oldest first
	news    chan func()            // from those
	proof   *proof                 // that it is after; nil for none
	deepest int
}

// Instruments are what a gauge measures with.
type Instruments struct {
	Endpoints func() []listen.ListenAddress // where to probe now
	Queues    func() (deepest uint32, err error)
	Counters  func() (overflows, drops uint64, err error) // the kernel's ListenOverflows and ListenDrops
	Knock     func(context.Context, listen.ListenAddress, func(holder)) knocked
	Cost      func() time.Duration // that it took of late to find out who has accepted a probe; nil: none
	Alone     func() bool          // nobody older than the reload's generation can accept; nil: nobody knows
}

const (
	// slowInterval is the pause between probes when little is at stake, at least.
	slowInterval = time.Second
	// sampleEvery is how often the queues are looked at while no probe is made, or one takes long.
	sampleEvery = 50 * time.Millisecond
	// costShare bounds what it costs to find out who has accepted a probe: one part in so many of the time.
	costShare = 10
)

// New starts to measure. A probe of each listener is made at once, the others with pauses of the interval; with 0 there are none.
func New(interval time.Duration, generation int, with Instruments) *Gauge {
	g := &Gauge{
		Instruments: with,
		interval:    interval,
		generation:  generation,
		counts:      make(chan struct{}),
		hurry:       make(chan struct{}, 1),
		asked:       make(chan func(), 1),
		begun:       make(chan struct{}),
		Ended:       make(chan struct{}),
		ledgers:     map[string]*ledger{},
		news:        make(chan func()),
	}
	g.found.Store(&record.Measured{})
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go g.run(ctx)
	return g
}

// AwaitBegun returns when the first probes are under way, or a while later.
func (g *Gauge) AwaitBegun(within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-g.begun:
	case <-timer.C:
	case <-g.Ended:
	}
}

// Stop ends it without waiting. A probe that is under way does not count.
func (g *Gauge) Stop() { g.cancel() }

// Slow makes the pauses longer, for while older workers drain and the new ones only have to prove themselves.
func (g *Gauge) Slow() { g.slowly.Store(true) }

// Fast makes the pauses short again, at once.
func (g *Gauge) Fast() {
	if g.slowly.Swap(false) {
		g.next()
	}
}

// next ends a pause.
func (g *Gauge) next() {
	select {
	case g.hurry <- struct{}{}:
	default:
	}
}

// Enter says how far the reload is.
func (g *Gauge) Enter(p phase) { g.phase.Store(int32(p)) }

// Reading is what was found up to now. The kernel's counters are read anew. The loop never calls it: that takes a while.
func (g *Gauge) Reading() record.Measured {
	<-g.counts
	m := *g.found.Load()
	m.Overflows, m.Drops, m.CountersKnown = g.losses.read()
	return m
}

func (g *Gauge) run(ctx context.Context) {
	defer close(g.Ended)
	g.losses = countLosses(g.Counters)
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
func (g *Gauge) turnAll(ctx context.Context) {
	g.sample()
	g.latest = time.Now()
	if g.interval > 0 {
		for _, a := range g.targets() {
			g.send(ctx, a)
		}
	}
}

// turnOver does what is due.
func (g *Gauge) turnOver(ctx context.Context) {
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
func (g *Gauge) idle() time.Duration {
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
func (g *Gauge) pause() time.Duration {
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
	if g.Cost != nil {
		pause = max(pause, costShare*g.Cost())
	}
	return pause
}

// targets are those of the endpoints that can be probed. Nobody connects to a datagram socket.
func (g *Gauge) targets() []listen.ListenAddress {
	return slices.DeleteFunc(slices.Clone(g.Endpoints()), func(a listen.ListenAddress) bool { return !a.Stream() })
}

// target is the listener whose turn it is: while it is after a proof, of those that lack one.
func (g *Gauge) target() (listen.ListenAddress, bool) {
	list := g.targets()
	if g.proof != nil {
		if lacking := slices.DeleteFunc(slices.Clone(list), func(a listen.ListenAddress) bool { return !g.ledger(a).lacks() }); len(lacking) > 0 {
			list = lacking
		}
	}
	if len(list) == 0 {
		return listen.ListenAddress{}, false
	}
	return list[g.turn%len(list)], true
}

// stillThere reports whether the listener is meant to be reached. Whoever knocks while it is given up is
// turned away, which is no loss.
func (g *Gauge) stillThere(a listen.ListenAddress) bool { return slices.Contains(g.Endpoints(), a) }

func (g *Gauge) ledger(a listen.ListenAddress) *ledger {
	t := g.ledgers[a.Address]
	if t == nil {
		t = &ledger{}
		g.ledgers[a.Address] = t
		g.order = append(g.order, a)
	}
	return t
}

// sample looks at the queues. When the kernel does not tell, the deepest that was seen stays.
func (g *Gauge) sample() {
	g.looked = time.Now()
	if deepest, err := g.Queues(); err == nil {
		g.deepest = max(g.deepest, int(deepest))
	}
}

// publish lets everybody read what was found. A probe that has waited for so long that it may be a stall counts as if it had
// been given up.
func (g *Gauge) publish() {
	m := record.Measured{DeepestQueue: g.deepest}
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
