// Package minder looks after one worker, from its fork to its end.
//
// A Minder runs in a goroutine of its own. It turns what the process does into facts, and the loop's orders
// (drain, abort, kill) into signals; it decides nothing. Its watch has one stage that only goes forward
// (stage.go: starting, serving, draining, outliving, aborting, killed, gone); a table says what matters in
// each. A schedule of looks (look_schedule.go) finds out whether the worker accepts connections. When the
// worker is told to stop, the minder forecasts what the signal ends (stop_forecast.go) and watches how the
// worker lets go of its listeners (withdrawal.go). Processes that outlive the first may finish in the same
// time. exit.go kills what is left, reads the last output and reports the exit, with the worker's death,
// from which the fate of its connections is judged.
package minder

import (
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
	"rota/internal/record"
)

// Minder looks after one worker. What it knows of the running process is in its watch.
type Minder struct {
	Start     pool.Start
	spec      plan.Spec
	Listeners []kernel.Listener // the stream sockets that the worker inherits
	Callbacks
	log zerolog.Logger

	orders  chan Order                 // has room for every order there can be, so that the loop never waits
	poked   chan struct{}              // has room for one: the worker should be looked at soon
	journal *output.Journal            // what the worker prints; the loop has it once exited was posted
	asks    chan func(*output.Journal) // about what the worker prints
	syncs   chan chan<- struct{}       // closed once the loop knows all that has happened to the worker
	gone    chan struct{}              // closed by the loop once it has the journal
}

// Callbacks are what a minder needs of the rest of rota. They may be called from any goroutine.
type Callbacks struct {
	Started func(root kernel.Root, pid int) // returns when the loop knows of the process
	Post    func(pool.Fact)
	Ended   func(worker string)               // called before what is left of the worker is killed; may be nil
	Fate    func(string, Death) *record.Fate  // of a worker's connections; may be nil
	Family  func(worker string) kernel.Family // its processes

	// Connections are the open connections of a worker. They are not known if the count takes too long.
	Connections func(worker string, within time.Duration) (list []listen.Connection, known bool)

	// Observe looks whether a worker accepts connections. eager has it offer connections even where the
	// worker does not seem to wait.
	Observe func(worker string, eager bool) Acceptance
}

// New returns a minder of a worker that is made to the spec. listeners are the stream sockets that the worker
// inherits.
func New(s pool.Start, spec plan.Spec, listeners []kernel.Listener, calls Callbacks, log zerolog.Logger) *Minder {
	return &Minder{
		Start: s, spec: spec, Listeners: listeners, Callbacks: calls,
		log:    log.With().Str("worker_id", s.Worker).Int("slot", s.Slot).Int("generation", s.Generation).Logger(),
		orders: make(chan Order, mostOrders),
		poked:  make(chan struct{}, 1),
		asks:   make(chan func(*output.Journal)),
		syncs:  make(chan chan<- struct{}),
		gone:   make(chan struct{}),
	}
}

// Run launches the worker and returns once it is gone. The exited fact is its last.
func (m *Minder) Run(launch func() (process.Process, error)) {
	before := process.CurrentTaskLimits()
	p, err := launch()
	if err != nil {
		m.journal = output.NewJournal(m.log)
		m.Post(pool.Exited{Worker: m.Start.Worker, Exit: record.Exit{Code: -1, Error: err.Error()}})
		return
	}
	defer p.Close()
	m.log = m.log.With().Int("pid", p.PID()).Logger()
	m.Started(p.Root(), p.PID())

	m.journal = output.NewJournal(m.log)
	w := newWatch(m, p, before)
	defer w.close()
	for w.stage < stageGone {
		w.next(w.bells())
	}
}

// Order hands the minder an order, and does not wait.
func (m *Minder) Order(o Order) {
	select {
	case m.orders <- o:
	default: // it has a kill to obey already
	}
}

// Ordered reports whether an order waits. Each means that the worker is to go.
func (m *Minder) Ordered() bool { return len(m.orders) > 0 }

// Poke has the minder look soon whether the worker accepts connections.
func (m *Minder) Poke() {
	select {
	case m.poked <- struct{}{}:
	default: // it will
	}
}

// Sync returns when the loop has been told of all that has happened to the worker up to now, or when stop is
// closed.
func (m *Minder) Sync(stop <-chan struct{}) {
	done := make(chan struct{})
	select {
	case m.syncs <- done:
		<-done
	case <-m.gone:
	case <-stop:
	}
}

// AskJournal has the minder call f with the journal. It is false if the loop has the journal, or stop is
// closed.
func (m *Minder) AskJournal(f func(*output.Journal), stop <-chan struct{}) bool {
	answered := make(chan struct{})
	select {
	case m.asks <- func(j *output.Journal) { f(j); close(answered) }:
		<-answered
		return true
	case <-m.gone:
	case <-stop:
	}
	return false
}

// Release gives the journal of a worker that is gone to the loop.
func (m *Minder) Release() *output.Journal {
	close(m.gone)
	return m.journal
}
