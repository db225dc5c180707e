package master

import (
	"syscall"
	"time"
)

// order is what the loop wants done to a worker.
type order struct {
	kind    orderKind
	timeout time.Duration // of orderDrain
}

type orderKind int

const (
	orderDrain orderKind = iota // tell it to stop
	orderAbort                  // have it leave a core dump, and kill it if that takes long
	orderKill                   // end its process group now
)

// mostOrders: one drain, a kill at its timeout, and a kill each time the master is told to stop at once.
const mostOrders = 16

func (w *watch) obey(o order) {
	switch o.kind {
	case orderDrain:
		w.drain(o.timeout)
	case orderAbort:
		w.abort()
	case orderKill:
		w.kill()
	}
}

// drain tells the worker to stop.
func (w *watch) drain(timeout time.Duration) {
	if !w.enter(stageDraining) {
		return
	}
	w.deadline.Reset(timeout)
	looked := w.watchWithdrawal()
	select {
	case <-looked:
	case <-time.After(countBeforeStop):
	}
	w.prepareStop() // last: nobody sees what comes after that
	w.process.spare()
	w.process.signal(w.plan.StopSignal, w.plan.StopGroup)
}

// abort has the worker leave a core dump.
func (w *watch) abort() {
	if !w.enter(stageAborting) {
		return
	}
	w.deadline.Reset(abortGrace)
	w.countSevered()
	w.process.signal(syscall.SIGABRT, false)
}

// abortGrace is how long a worker that hangs may take to leave a core dump.
const abortGrace = 5 * time.Second

// kill ends the worker's process group.
func (w *watch) kill() {
	if !w.enter(stageKilled) {
		return // a dead process has no connections to count any more
	}
	w.deadline.Stop()
	w.stopLooking()
	w.countSevered()
	w.process.signal(syscall.SIGKILL, true)
	if w.over != nil {
		w.finish()
	}
}

// countSevered finds the connections that the end of the worker will cut.
func (w *watch) countSevered() {
	if len(w.severed.list) == 0 {
		list, known := w.count(w.start.worker, countBeforeKill)
		w.severed = severed{list, !known}
	}
}

// How long a count may take before a worker is told to stop, which waits for it, and before it is killed.
const (
	countBeforeStop = 250 * time.Millisecond
	countBeforeKill = 2 * time.Second
)
