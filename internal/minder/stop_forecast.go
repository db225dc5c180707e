package minder

import (
	"maps"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/pool"
	"rota/internal/record"
)

// StopForecast is what the stop signal will end because a process that gets it does not handle it. It is
// found out before the signal is sent.
type StopForecast struct {
	Unhandled bool            // there is such a process
	Unknown   bool            // it could not be found out
	Held      map[uint64]bool // by cookie, the connections that only such processes hold
	Accepts   bool            // such a process may accept more until the signal comes
}

// foresee finds out which processes of the family the stop signal ends at once, and which are left. meant
// says which get it.
func (w *watch) foresee(family kernel.Family, meant func(kernel.Process) bool) (d StopForecast, ends, rest kernel.Family) {
	for _, p := range family {
		if p.Zombie {
			continue
		}
		at := false
		if meant(p) {
			var err error
			at, err = p.EndsAt(w.spec.StopSignal)
			d.Unknown = d.Unknown || err != nil
		}
		if at {
			ends = append(ends, p)
		} else {
			rest = append(rest, p)
		}
	}
	d.Unhandled = len(ends) > 0
	return d, ends, rest
}

// take finds out which of the connections end with those processes.
func (d *StopForecast) take(ends, rest kernel.Family, list []listen.Connection) {
	held, err := ends.SocketInodes()
	kept, err2 := rest.SocketInodes()
	d.Unknown = d.Unknown || err != nil || err2 != nil
	only := map[uint64]bool{}
	for _, inode := range held {
		only[inode] = true
	}
	for _, inode := range kept {
		delete(only, inode)
	}
	d.Held = map[uint64]bool{}
	for _, c := range list {
		if only[c.Inode] {
			d.Held[c.Cookie] = true
		}
	}
	d.Accepts = d.Accepts || len(d.Held) > 0
}

// MayAccept reports whether the processes may accept connections. It is true if that can't be found out in
// time. A wrapper, such as a shell, only has the sockets open.
func MayAccept(family kernel.Family, listeners []kernel.Listener) bool {
	if len(family) == 0 {
		return false
	}
	return yesUnless(CountBeforeStop, func() bool {
		waits, unseen := kernel.Waiting(family, kernel.Inodes(listeners))
		return unseen != "" || AnyAccepting(waits)
	})
}

// AnyAccepting reports whether one of the waits may be one for connections.
func AnyAccepting(waits map[uint64]kernel.Wait) bool {
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
	family, group := w.Family(w.Start.Worker), w.process.PID()
	w.stopping.others = len(family) > 1
	w.stopping.forecast = w.prepare(family, func(p kernel.Process) bool { return p.PID == group || w.spec.StopGroup && p.Group == group })
}

// prepare does so for the processes that get the signal.
func (w *watch) prepare(family kernel.Family, meant func(kernel.Process) bool) StopForecast {
	d, ends, rest := w.foresee(family, meant)
	if d.Unhandled {
		d.Accepts = MayAccept(ends, w.Listeners)
	}
	list, known := w.Connections(w.Start.Worker, CountBeforeStop)
	if known {
		w.Post(pool.Holds{Worker: w.Start.Worker, N: len(list), Some: listen.CutConnections(list, record.Dropped)})
	} else {
		w.Post(pool.Holds{Worker: w.Start.Worker, Unknown: true})
	}
	d.Unknown = d.Unknown || !known
	if d.Unhandled {
		d.take(ends, rest, list)
	}
	return d
}

// and is what two signals end together.
func (d StopForecast) and(other StopForecast) StopForecast {
	held := maps.Clone(d.Held)
	if held == nil {
		held = map[uint64]bool{}
	}
	maps.Copy(held, other.Held)
	return StopForecast{Unhandled: d.Unhandled || other.Unhandled, Unknown: d.Unknown || other.Unknown, Accepts: d.Accepts || other.Accepts, Held: held}
}

// yesUnless returns the answer, and true if it takes too long.
func yesUnless(limit time.Duration, ask func() bool) bool {
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
