package master

import (
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/lapse"
)

// minder looks after one worker, from its fork to its end, in a goroutine of its own. It
// turns what the process does into facts, and the loop's orders into signals. It decides
// nothing.
type minder struct {
	start  start
	plan   *plan
	orders chan order                      // buffered for every order there can be, so that the loop never waits
	born   func(root kernel.Root, pid int) // returns when the loop knows of the process
	post   func(fact)
	count  func(worker string, within time.Duration) (list []Connection, known bool) // its open ones
	family func(worker string) kernel.Family                                         // its processes
	look   func(worker string)                                                       // see Options.Ended; nil for none
	see    func(worker string, eager bool) sight                                     // looks whether it accepts connections
	fate   func(worker string, d death) *Fate                                        // of its connections; nil for nobody knows
	log    zerolog.Logger

	listeners []kernel.Listener // the stream sockets that the worker inherits
	poked     chan struct{}     // holds one when it should be looked at soon

	asks  chan func(*journal)  // about what the worker prints
	syncs chan chan<- struct{} // closed once the loop has been told of all that has happened to the worker
	gone  chan struct{}        // closed by the loop once it has the journal
}

// order is what the loop wants done to a worker.
type order struct {
	kill    bool          // end its process group now; else
	abort   bool          // have it leave a core dump, and end it if that takes long; else tell it to drain
	timeout time.Duration // for the drain
}

// poke has the minder look soon.
func (m *minder) poke() {
	select {
	case m.poked <- struct{}{}:
	default: // it will
	}
}

// mostOrders: one drain, a kill at its timeout, and a kill each time the master is told to stop at once.
const mostOrders = 16

// mind launches the worker and returns once it is gone. The exited fact is its last.
func (m *minder) mind(launch func() (process, error)) {
	before := limitsOfTasks()
	p, err := launch()
	if err != nil {
		m.post(exited{worker: m.start.worker, exit: Exit{Code: -1, Error: err.Error()}, journal: newJournal(m.log)})
		return
	}
	defer p.close()
	m.log = m.log.With().Int("pid", p.pid()).Logger()
	m.born(p.root(), p.pid())

	w := watch{minder: m, process: p, before: before, journal: newJournal(m.log), starting: true,
		stopLooking: func() {}, timer: lapse.NewTimer(), lived: lapse.NewTimer(), silent: lapse.NewTimer(), linger: lapse.NewTimer()}
	w.timer.Reset(m.start.timeout)
	if ready := m.plan.Ready; ready.Kind == ReadyDelay {
		w.lived.Reset(ready.Delay)
	} else if ready.Kind == ReadyAuto {
		w.vigil = newVigil(m.start.timeout)
		w.lived.Reset(w.vigil.patience)
	}
	defer w.rest()
	for !w.ended {
		w.next(w.bells())
	}
}

// watch is a minder's view of its running process.
type watch struct {
	*minder
	process  process
	before   shortage // when it was started
	journal  *journal
	timer    *lapse.Timer // of the start, then of the drain or the abort; stopped in between
	lived    *lapse.Timer // rings when having lived that long makes it ready
	silent   *lapse.Timer // rings when the watchdog is missed
	linger   *lapse.Timer // rings when what outlives its first process is to be looked at
	over     *exitStatus  // of its first process; nil while that lives
	vigil    *vigil       // nil if it need not be looked at
	passed   *lapse.Timer // runs once the stop signal was sent to the others; nil if it was not
	starting bool
	draining bool
	aborting bool
	killed   bool
	others   bool // it had other processes than the first when it was told to stop
	doom     doom
	outlived bool // by those, which finish
	cut      []Connection
	unknown  bool // which were cut
	closed   bool // the output has ended
	ended    bool

	stopLooking func() // whether it still accepts: its end tells nothing if it is to be killed
}

// bells are what next heeds besides the worker and the loop. The zero value is none of them.
type bells struct {
	timer, lived, silent, linger, look <-chan struct{}

	idle <-chan time.Time
}

func (w *watch) bells() bells {
	b := bells{timer: w.timer.C, lived: w.lived.C, silent: w.silent.C, linger: w.linger.C}
	if w.vigil != nil {
		b.look = w.vigil.timer.C
	}
	return b
}

// next waits for one thing to happen.
func (w *watch) next(b bells) {
	select {
	case o := <-w.orders:
		w.obey(o)
	case n := <-w.process.notes():
		w.hear(n)
	case c, ok := <-w.lines():
		w.print(c, ok)
	case <-w.journal.unmute.C:
		w.journal.settle()
	case ask := <-w.asks:
		ask(w.journal)
	case done := <-w.syncs:
		w.catchUp()
		close(done)
	case status := <-w.process.ended():
		w.over = &status
		w.lookAfterRest()
	case <-b.timer:
		w.ring(w.timer, w.timeOut)
	case <-b.lived:
		w.ring(w.lived, w.haveLived)
	case <-b.silent:
		w.ring(w.silent, w.missWatchdog)
	case <-b.linger:
		w.ring(w.linger, w.lookAfterRest)
	case <-b.look:
		w.beginLook()
	case s := <-w.sights():
		w.judge(s)
	case <-w.poked:
		w.lookSoon()
	case <-b.idle:
	}
}

// ring does what a timer is for, unless what had arrived before it rang has stopped it or set it anew. If it was the master
// that stood still, all times are over when it goes on, whatever the worker has done meanwhile.
func (w *watch) ring(t *lapse.Timer, what func()) {
	w.catchUp()
	if t.Rung() && !w.ended {
		t.Stop()
		what()
	}
}

// catchUp takes what has arrived.
func (w *watch) catchUp() {
	pending := w.process.arrived()
	within := lapse.NewTimer()
	within.Reset(catchUpWithin)
	defer within.Stop()
	for !w.ended && !within.Rung() && (pending() || w.holds()) {
		w.next(bells{idle: time.After(catchUpPause)})
	}
}

// catchUpPause is how long to wait for what is on its way before it is looked for again, and catchUpWithin how long it may take,
// should a reader be stuck.
const (
	catchUpPause  = time.Millisecond
	catchUpWithin = 2 * time.Second
)

// holds reports whether something has come as far as a channel.
func (w *watch) holds() bool {
	return len(w.orders)+len(w.process.notes())+len(w.process.ended())+len(w.sights()) > 0
}

func (w *watch) obey(o order) {
	if o.kill {
		if w.killed {
			return // a dead process has no connections to count any more
		}
		w.killed = true
		w.stopLooking()
		w.countCut()
		w.process.signal(syscall.SIGKILL, true)
		if w.over != nil {
			w.finish()
		}
		return
	}
	w.starting, w.draining = false, true
	w.lived.Stop()
	w.silent.Stop()
	if w.vigil != nil {
		w.vigil.rest()
	}
	if o.abort {
		w.aborting = true
		w.timer.Reset(abortGrace)
		w.countCut()
		w.process.signal(syscall.SIGABRT, false)
		return
	}
	w.timer.Reset(o.timeout)
	looked := w.watchWithdrawal()
	select {
	case <-looked:
	case <-time.After(countBeforeStop):
	}
	w.prepareStop() // last: what comes after that nobody sees
	w.process.spare()
	w.process.signal(w.plan.StopSignal, w.plan.StopGroup)
}

// countCut finds the connections that the end of the worker will cut.
func (w *watch) countCut() {
	if len(w.cut) == 0 {
		list, known := w.count(w.start.worker, countBeforeKill)
		w.cut, w.unknown = list, !known
	}
}

// abortGrace is how long a worker that hangs may take to leave a core dump.
const abortGrace = 5 * time.Second

// never is a timer that fires only once it is reset.
func never() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// rest stops the timers, and who looks.
func (w *watch) rest() {
	w.stopLooking()
	w.timer.Stop()
	w.lived.Stop()
	w.silent.Stop()
	w.linger.Stop()
	if w.vigil != nil {
		w.vigil.rest()
	}
}

func (w *watch) timeOut() {
	if w.aborting {
		w.obey(order{kill: true})
		return
	}
	if w.draining {
		w.post(drainTimedOut{worker: w.start.worker})
		return
	}
	missing := w.plan.Ready.missing()
	if w.vigil != nil {
		missing = w.vigil.latest.missing(w.vigil.evidence, w.start.slot) + w.elsewhere()
	}
	if w.plan.Ready.heeds() {
		missing += w.outOfReach()
	}
	missing += w.process.unready()
	w.post(startTimedOut{worker: w.start.worker, missing: missing, output: w.journal.last()})
}

// lines is the worker's output, or nil, from which nothing comes, once that has ended.
func (w *watch) lines() <-chan chunk {
	if w.closed {
		return nil
	}
	return w.process.lines()
}

func (w *watch) print(c chunk, ok bool) {
	if !ok {
		w.closed = true
		return
	}
	if w.starting && w.plan.Ready.Kind == ReadyLog {
		w.search(c.data)
	}
	w.journal.print(c)
}

// finish ends what is left of the worker, reads what it printed last and reports its end.
// A process that got away may hold the output open for ever, so that is waited for only a moment.
func (w *watch) finish() {
	if w.look != nil {
		w.look(w.start.worker)
	}
	w.endRest()
	status := *w.over
	grace := lapse.NewTimer()
	grace.Reset(outputGrace)
	defer grace.Stop()
	for over := false; !w.closed && !over; {
		select {
		case c, ok := <-w.lines():
			w.print(c, ok)
		case ask := <-w.asks:
			ask(w.journal)
		case <-grace.C:
			over = true
		}
	}
	w.ended = true
	outlived := w.outlived || w.others && status.signal == unix.SignalName(w.plan.StopSignal)
	w.post(exited{worker: w.start.worker, exit: Exit{
		Code:   status.code,
		Signal: status.signal,
		Output: w.journal.last(),
		Cut:    len(w.cut),

		Shortage:       w.shortage(status),
		CutUnknown:     w.unknown,
		CutConnections: cutOf(w.cut, Cut),
		Killed:         w.killed || w.aborting,
		Outlived:       outlived,
		Fate:           w.learnFate(status, outlived),
	}, journal: w.journal})
}
