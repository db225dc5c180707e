package master

import (
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
)

// minder looks after one worker, from its fork to its end, in a goroutine of its own. It turns what the
// process does into facts, and the loop's orders into signals. It decides nothing. What it knows of the
// running process is in its watch.
type minder struct {
	start     start
	plan      *plan
	listeners []kernel.Listener // the stream sockets that the worker inherits
	surroundings
	log zerolog.Logger

	orders  chan order           // has room for every order there can be, so that the loop never waits
	poked   chan struct{}        // has room for one: the worker should be looked at soon
	journal *journal             // what the worker prints; the loop has it once exited was posted
	asks    chan func(*journal)  // about what the worker prints
	syncs   chan chan<- struct{} // closed once the loop knows all that has happened to the worker
	gone    chan struct{}        // closed by the loop once it has the journal
}

// surroundings is what a minder needs of the rest of rota.
type surroundings struct {
	born   func(root kernel.Root, pid int) // returns when the loop knows of the process
	post   func(fact)
	count  func(worker string, within time.Duration) (list []Connection, known bool) // its open connections
	family func(worker string) kernel.Family                                         // its processes
	look   func(worker string)                                                       // see Options.Ended; may be nil
	see    func(worker string, eager bool) sight                                     // whether it accepts connections
	fate   func(worker string, d death) *Fate                                        // of its connections; may be nil
}

func newMinder(s start, p *plan, listeners []kernel.Listener, around surroundings, log zerolog.Logger) *minder {
	return &minder{
		start: s, plan: p, listeners: listeners, surroundings: around,
		log:    log.With().Str("worker_id", s.worker).Int("slot", s.slot).Int("generation", s.generation).Logger(),
		orders: make(chan order, mostOrders),
		poked:  make(chan struct{}, 1),
		asks:   make(chan func(*journal)),
		syncs:  make(chan chan<- struct{}),
		gone:   make(chan struct{}),
	}
}

// mind launches the worker and returns once it is gone. The exited fact is its last.
func (m *minder) mind(launch func() (process, error)) {
	before := limitsOfTasks()
	p, err := launch()
	if err != nil {
		m.journal = newJournal(m.log)
		m.post(exited{worker: m.start.worker, exit: Exit{Code: -1, Error: err.Error()}})
		return
	}
	defer p.close()
	m.log = m.log.With().Int("pid", p.pid()).Logger()
	m.born(p.root(), p.pid())

	m.journal = newJournal(m.log)
	w := newWatch(m, p, before)
	defer w.close()
	for w.stage < stageGone {
		w.next(w.bells())
	}
}

// order hands the minder an order, and does not wait.
func (m *minder) order(o order) {
	select {
	case m.orders <- o:
	default: // it has a kill to obey already
	}
}

// ordered reports whether an order waits. Each means that the worker is to go.
func (m *minder) ordered() bool { return len(m.orders) > 0 }

// poke has the minder look soon whether the worker accepts connections.
func (m *minder) poke() {
	select {
	case m.poked <- struct{}{}:
	default: // it will
	}
}

// sync returns when the loop has been told of all that has happened to the worker up to now, or when stop is
// closed.
func (m *minder) sync(stop <-chan struct{}) {
	done := make(chan struct{})
	select {
	case m.syncs <- done:
		<-done
	case <-m.gone:
	case <-stop:
	}
}

// askJournal has the minder call f with the journal. It is false if the loop has the journal, or stop is
// closed.
func (m *minder) askJournal(f func(*journal), stop <-chan struct{}) bool {
	answered := make(chan struct{})
	select {
	case m.asks <- func(j *journal) { f(j); close(answered) }:
		<-answered
		return true
	case <-m.gone:
	case <-stop:
	}
	return false
}

// release gives the journal of a worker that is gone to the loop.
func (m *minder) release() *journal {
	close(m.gone)
	return m.journal
}
