package minder

import (
	"syscall"
	"time"
)

// Order is what the loop wants done to a worker.
type Order struct {
	Kind    OrderKind
	Timeout time.Duration // of OrderDrain
}

// OrderKind is what an order is about.
type OrderKind int

// The kinds of orders.
const (
	OrderDrain OrderKind = iota // tell it to stop
	OrderAbort                  // have it leave a core dump, and kill it if that takes long
	OrderKill                   // end its process group now
)

// mostOrders: one drain, a kill at its timeout, and a kill each time the master is told to stop at once.
const mostOrders = 16

func (w *watch) obey(o Order) {
	switch o.Kind {
	case OrderDrain:
		w.drain(o.Timeout)
	case OrderAbort:
		w.abort()
	case OrderKill:
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
	case <-time.After(CountBeforeStop):
	}
	w.prepareStop() // last: nobody sees what comes after that
	w.process.Spare()
	w.process.Signal(w.spec.StopSignal, w.spec.StopGroup)
}

// abort has the worker leave a core dump.
func (w *watch) abort() {
	if !w.enter(stageAborting) {
		return
	}
	w.deadline.Reset(AbortGrace)
	w.countCutOff()
	w.process.Signal(syscall.SIGABRT, false)
}

// AbortGrace is how long a worker that hangs may take to leave a core dump.
const AbortGrace = 5 * time.Second

// kill ends the worker's process group.
func (w *watch) kill() {
	if !w.enter(stageKilled) {
		return // a dead process has no connections to count any more
	}
	w.deadline.Stop()
	w.stopLooking()
	w.countCutOff()
	w.process.Signal(syscall.SIGKILL, true)
	if w.over != nil {
		w.finish()
	}
}

// countCutOff finds the connections that the end of the worker will cut.
func (w *watch) countCutOff() {
	if len(w.cutOff.list) == 0 {
		list, known := w.Connections(w.Start.Worker, countBeforeKill)
		w.cutOff = cutOff{list, !known}
	}
}

// How long a count may take before a worker is told to stop, which waits for it, and before it is killed.
const (
	CountBeforeStop = 250 * time.Millisecond
	countBeforeKill = 2 * time.Second
)
