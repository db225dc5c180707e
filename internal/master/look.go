package master

import (
	"errors"
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/pool"
	"rota/internal/record"
)

// How the master looks whether a worker accepts connections, without asking it.

// glance is what one look at a worker has shown.
type glance struct {
	waits  map[uint64]kernel.Wait // how it waits, by the listener's inode
	held   map[string]bool        // listeners from which it holds a connection, by name
	unseen kernel.Unseen
}

// glanceAt looks at a worker's processes, and, if none of them sleeps at each of the listeners, for connections that they hold.
func (o *observer) glanceAt(worker string, at []kernel.Listener) glance {
	family := o.familyOf(worker)
	var g glance
	g.waits, g.unseen = kernel.Waiting(family, kernel.Inodes(at))
	if !slices.ContainsFunc(at, func(l kernel.Listener) bool { return !g.waits[l.Inode].Accepts() }) {
		return g
	}
	held, err := heldFrom(family, at)
	if errors.Is(err, kernel.ErrNoDiag) {
		o.log.Debug().Err(err).Str("worker_id", worker).Msg("cannot see which connections a worker has accepted")
	}
	g.held = held
	return g
}

// heldFrom tells from which listeners the family holds a connection. A family that may not be looked into holds none.
func heldFrom(family kernel.Family, at []kernel.Listener) (map[string]bool, error) {
	inodes, err := family.SocketInodes()
	inodes = slices.DeleteFunc(inodes, func(inode uint64) bool {
		return slices.ContainsFunc(at, func(l kernel.Listener) bool { return l.Inode == inode })
	})
	if err != nil || len(inodes) == 0 {
		return nil, err
	}
	connections, err := kernel.Connections(at)
	held := map[string]bool{}
	for _, c := range connections {
		if _, ours := slices.BinarySearch(inodes, c.Inode); ours {
			held[c.Listener] = true
		}
	}
	return held, err
}

// see looks at a worker and returns what was seen of it so far. It takes as long as the worker's processes like. eager says
// that a connection is to be offered on a listener on which it does not seem to wait.
func (o *observer) see(worker string, eager bool) (s minder.Acceptance) {
	o.seePredecessor(worker)
	at := o.socketsOf(worker)
	if len(at) == 0 {
		return minder.Acceptance{}
	}
	return o.glanced(worker, o.glance(worker, at), eager)
}

// seePredecessor looks, once, at the worker that is to be replaced: what it serves now is wanted of its successor.
func (o *observer) seePredecessor(worker string) {
	predecessor := o.takePredecessor(worker)
	if at := o.socketsOf(predecessor); len(at) > 0 {
		o.glancedAtPredecessor(predecessor, o.glance(predecessor, at))
	}
}

// note keeps what a look has shown.
func (l *loop) note(w *supervised, g glance) {
	for _, a := range w.listeners {
		wait := g.waits[a.socket.Inode]
		a.Open, a.Registered = wait.Open, wait.Registered
		if a.since.IsZero() && a.Registered {
			a.since = time.Now()
		}
		a.Outlasts = w.record.outlasted(a)
		a.Closed = a.binding.ClosedUntilReady(w.Start.Slot)
		if wait.Accepts() || g.held[a.Name] {
			l.sees(w, a)
		}
	}
}

// sees takes note that the worker accepts connections from a listener.
func (l *loop) sees(w *supervised, a *listenerRecord) {
	a.Accepting = true
	if !a.since.IsZero() {
		w.record.needs(a.binding, time.Since(a.since))
	}
	if worker, alive := l.pool.Alive(w.Start.Worker); alive && !worker.ReadyAt.IsZero() {
		w.record.serves(w.Start.Slot, a.binding)
	}
}

// getsReady keeps what a worker was seen to serve by the time that it is ready, and says what was not seen.
func (l *loop) getsReady(w *supervised, how record.Readied) {
	for _, a := range w.listeners {
		if a.Accepting {
			w.record.serves(w.Start.Slot, a.binding)
		}
	}
	if why := how.Why; why != "" && !slices.Contains(w.record.assumed, why) {
		w.record.assumed = append(w.record.assumed, why)
		l.options.Log.Warn().Int("generation", w.Start.Generation).Str("why", why).Str("what_to_do", minder.ReadinessAdvice).
			Msg("readiness was assumed, not seen")
	}
}

// required are the listeners that a worker has to be seen to serve: those that its predecessor was seen to serve. On the way back to
// an older generation that is one which fails, so that only what the older one was seen to serve itself counts as well.
func (l *loop) required(w *supervised) map[*listen.Binding]bool {
	slot := w.Start.Slot
	own := w.record.served[slot]
	before := l.records[w.succeeds]
	switch {
	case w.succeeds == w.Start.Generation:
		return own
	case before == nil: // it was given up meanwhile
		return nil
	case w.succeeds < w.Start.Generation:
		return before.served[slot]
	}
	both := map[*listen.Binding]bool{}
	for b := range own {
		both[b] = before.served[slot][b]
	}
	return both
}

// predecessor is the worker that is replaced, and the generation whose worker was in the slot before.
func (l *loop) predecessor(e pool.Start) (worker string, generation int) {
	if duty, has := l.pool.OnDuty(e.Slot); has && duty.ID != e.Worker {
		return duty.ID, duty.Generation
	}
	return "", e.Generation
}
