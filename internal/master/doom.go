package master

import (
	"maps"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
)

// doom is what the stop signal will end because a process that gets it does not handle it. It is found out
// before the signal is sent.
type doom struct {
	certain bool            // there is such a process
	unseen  bool            // it could not be found out
	held    map[uint64]bool // by cookie, the connections that only such processes hold
	accepts bool            // such a process may accept more until the signal comes
}

// foresee finds out which processes of the family the stop signal ends at once, and which are left. meant
// says which get it.
func (w *watch) foresee(family kernel.Family, meant func(kernel.Process) bool) (d doom, ends, rest kernel.Family) {
	for _, p := range family {
		if p.Zombie {
			continue
		}
		at := false
		if meant(p) {
			var err error
			at, err = p.EndsAt(w.plan.StopSignal)
			d.unseen = d.unseen || err != nil
		}
		if at {
			ends = append(ends, p)
		} else {
			rest = append(rest, p)
		}
	}
	d.certain = len(ends) > 0
	return d, ends, rest
}

// take finds out which of the connections end with those processes.
func (d *doom) take(ends, rest kernel.Family, list []Connection) {
	held, err := ends.SocketInodes()
	kept, err2 := rest.SocketInodes()
	d.unseen = d.unseen || err != nil || err2 != nil
	only := map[uint64]bool{}
	for _, inode := range held {
		only[inode] = true
	}
	for _, inode := range kept {
		delete(only, inode)
	}
	d.held = map[uint64]bool{}
	for _, c := range list {
		if only[c.Inode] {
			d.held[c.Cookie] = true
		}
	}
	d.accepts = d.accepts || len(d.held) > 0
}

// accepts reports whether the processes may accept connections. A wrapper, such as a shell, only has the
// sockets open.
func accepts(family kernel.Family, listeners []kernel.Listener) bool {
	if len(family) == 0 {
		return false
	}
	waits, unseen := kernel.Waiting(family, kernel.Inodes(listeners))
	return unseen != "" || mayAccept(waits)
}

// mayAccept reports whether one of the waits may be one for connections.
func mayAccept(waits map[uint64]kernel.Wait) bool {
	for _, wait := range waits {
		if wait.MayAccept() {
			return true
		}
	}
	return false
}

// prepareStop finds out what the stop signal will end, and tells the loop how many connections the worker
// has: it may be gone before they are counted again.
func (w *watch) prepareStop() {
	family, group := w.family(w.start.worker), w.process.pid()
	w.stopping.others = len(family) > 1
	w.stopping.doom = w.prepare(family, func(p kernel.Process) bool { return p.PID == group || w.plan.StopGroup && p.Group == group })
}

// prepare does so for the processes that get the signal.
func (w *watch) prepare(family kernel.Family, meant func(kernel.Process) bool) doom {
	d, ends, rest := w.foresee(family, meant)
	if d.certain {
		d.accepts = within(countBeforeStop, func() bool { return accepts(ends, w.listeners) })
	}
	list, known := w.count(w.start.worker, countBeforeStop)
	if known {
		w.post(holds{worker: w.start.worker, n: len(list), some: cutOf(list, Dropped)})
	} else {
		w.post(holds{worker: w.start.worker, unknown: true})
	}
	d.unseen = d.unseen || !known
	if d.certain {
		d.take(ends, rest, list)
	}
	return d
}

// and is what two signals end together.
func (d doom) and(other doom) doom {
	held := maps.Clone(d.held)
	if held == nil {
		held = map[uint64]bool{}
	}
	maps.Copy(held, other.held)
	return doom{certain: d.certain || other.certain, unseen: d.unseen || other.unseen, accepts: d.accepts || other.accepts, held: held}
}

// within is true if the answer takes too long.
func within(limit time.Duration, ask func() bool) bool {
	answer := make(chan bool, 1)
	go func() { answer <- ask() }()
	slow := lapse.NewTimer()
	slow.Reset(limit)
	defer slow.Stop()
	select {
	case yes := <-answer:
		return yes
	case <-slow.C:
		return true
	}
}
