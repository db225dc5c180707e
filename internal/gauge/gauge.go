// Package gauge measures what a reload does to clients, by being one.
//
// While a reload is under way a Gauge opens one probe connection after the other to each listener (probes.go,
// prober.go), and notes which generation accepted it and how long the answer took (ledger.go). It looks at the accept
// queues, at what the kernel has counted as lost (kernel_losses.go), and at how much of that was lost at rota's own
// listeners (listener_drops.go). When the reload is live it looks for the proof that the new generation answers at
// each listener (proof.go). One goroutine does all that; a reading may be taken from any.
package gauge

import (
	"context"
	"sync/atomic"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/record"
)

// Gauge measures one reload.
type Gauge struct {
	Instruments
	probe      probeFunc
	interval   time.Duration
	generation int // the reload's

	losses    *kernelLosses // made by the goroutine
	lossesSet chan struct{} // closed when they are
	drops     listenerDrops
	slow      atomic.Bool
	phase     atomic.Int32
	wake      chan struct{} // ends a pause; holds one
	prove     chan func()   // to look for a proof; holds one
	reading   atomic.Pointer[record.Measured]
	cancel    context.CancelFunc
	begun     chan struct{} // closed when the first probes are under way
	ended     chan struct{} // closed when the goroutine has ended

	// What belongs to the goroutine.
	turn     int       // probes so far
	latest   time.Time // when a probe was sent, or the queues were looked at instead
	looked   time.Time // at the queues
	ledgers  map[string]*ledger
	order    []listen.Spec // of the ledgers, as they were first probed
	underWay []*probe      // oldest first
	news     chan func()   // from those
	proof    *proof        // that it looks for; nil for none
	deepest  int
}

// Instruments are what a gauge measures with.
type Instruments struct {
	Endpoints func() []listen.Spec                        // where to probe now
	Queues    func() (map[string]kernel.Queue, error)     // the accept queues, by the listener's name
	Counters  func() (overflows, drops uint64, err error) // the kernel's ListenOverflows and ListenDrops

	Own        *listen.OwnClients
	Generation func(inode uint64) (generation int, found bool) // of the worker that holds a socket, as a reach.GenerationFinder tells it
	Cost       func() time.Duration                            // of the latest call of Generation; nil: none
	Alone      func() bool                                     // no older worker can accept; nil: nobody knows
}

// Phase is how far a reload is.
type Phase int

// The phases.
const (
	PhaseBefore Phase = iota // no worker of the new generation has been started
	PhaseDuring
	PhaseAfter // every slot has changed, and the older workers were told to stop
)

const (
	// slowInterval is the least pause between probes when little is at stake.
	slowInterval = time.Second
	// sampleEvery is how often the queues are looked at while no probe is made, or one takes long.
	sampleEvery = 50 * time.Millisecond
	// costShare bounds the cost of finding out who has accepted a probe: one part in so many of the time.
	costShare = 10
)

// New starts to measure. It probes each listener at once, and then one after the other, with pauses of the interval;
// with 0 there are no probes.
func New(interval time.Duration, generation int, with Instruments) *Gauge {
	return start(interval, generation, with, prober{with.Own, with.Generation}.probe)
}

func start(interval time.Duration, generation int, with Instruments, probe probeFunc) *Gauge {
	g := &Gauge{
		Instruments: with,
		probe:       probe,
		interval:    interval,
		generation:  generation,
		lossesSet:   make(chan struct{}),
		wake:        make(chan struct{}, 1),
		prove:       make(chan func(), 1),
		begun:       make(chan struct{}),
		ended:       make(chan struct{}),
		ledgers:     map[string]*ledger{},
		news:        make(chan func()),
	}
	g.reading.Store(&record.Measured{})
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go g.run(ctx)
	return g
}

// AwaitBegun returns when the first probes are under way, or after the time.
func (g *Gauge) AwaitBegun(within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-g.begun:
	case <-timer.C:
	case <-g.ended:
	}
}

// Stop ends the measurement without waiting. Probes that are under way do not count.
func (g *Gauge) Stop() { g.cancel() }

// Ended is closed when nothing is measured any more.
func (g *Gauge) Ended() <-chan struct{} { return g.ended }

// Slow makes the pauses longer, for the time in which older workers drain.
func (g *Gauge) Slow() { g.slow.Store(true) }

// Fast makes the pauses short again, at once.
func (g *Gauge) Fast() {
	if g.slow.Swap(false) {
		select {
		case g.wake <- struct{}{}:
		default:
		}
	}
}

// Enter says how far the reload is.
func (g *Gauge) Enter(p Phase) { g.phase.Store(int32(p)) }

func (g *Gauge) run(ctx context.Context) {
	defer close(g.ended)
	g.losses = countLosses(g.Counters)
	close(g.lossesSet)
	g.probeAll(ctx)
	close(g.begun)
	g.publish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(g.idle())
		select {
		case <-timer.C:
		case <-g.wake:
			g.latest = time.Time{}
		case news := <-g.news:
			news()
		case done := <-g.prove:
			g.proof = &proof{lapse.StartWatch(), done}
		case <-ctx.Done():
			g.callOff()
			return
		}
		g.work(ctx)
		g.settleProof()
		g.publish()
	}
}

// work does what is due.
func (g *Gauge) work(ctx context.Context) {
	if len(g.underWay) > 0 && time.Since(g.looked) >= sampleEvery {
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
	if len(g.underWay) > 0 {
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
	if g.slow.Load() && g.proof == nil {
		pause = max(pause, slowInterval)
	}
	if g.Cost != nil {
		pause = max(pause, costShare*g.Cost())
	}
	return pause
}
