package master

import (
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
)

// minder looks after one worker, from its fork to its end, in a goroutine of its own. It turns what the process
// does into facts, and the loop's orders into signals. It decides nothing. What it knows of the running process is
// in its watch.
type minder struct {
	start     start
	plan      *plan
	listeners []kernel.Listener // the stream sockets that the worker inherits
	log       zerolog.Logger

	born   func(root kernel.Root, pid int) // returns when the loop knows of the process
	post   func(fact)
	count  func(worker string, within time.Duration) (list []Connection, known bool) // its open connections
	family func(worker string) kernel.Family                                         // its processes
	look   func(worker string)                                                       // see Options.Ended; may be nil
	see    func(worker string, eager bool) sight                                     // whether it accepts connections
	fate   func(worker string, d death) *Fate                                        // of its connections; may be nil

	orders  chan order           // has room for every order there can be, so that the loop never waits
	poked   chan struct{}        // has room for one: the worker should be looked at soon
	journal *journal             // what the worker prints; the loop has it once exited was posted
	asks    chan func(*journal)  // about what the worker prints
	syncs   chan chan<- struct{} // closed once the loop knows all that has happened to the worker
	gone    chan struct{}        // closed by the loop once it has the journal
}

// poke has the minder look soon.
func (m *minder) poke() {
	select {
	case m.poked <- struct{}{}:
	default: // it will
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
