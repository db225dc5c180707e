package master

import (
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/observer"
	"rota/internal/pool"
	"rota/internal/record"
)

// How the master looks whether a worker accepts connections, without asking it.

// glancing looks at a worker.
type glancing func(worker string, at []kernel.Listener) observer.Glance

// see looks at a worker and returns what was seen of it so far. It takes as long as the worker's processes like. eager says
// that a connection is to be offered on a listener on which it does not seem to wait.
func (b *mailbox) see(worker string, glance glancing, eager bool) (s minder.Acceptance) {
	b.seePredecessor(worker, glance)
	at := b.socketsOf(worker)
	if len(at) == 0 {
		return minder.Acceptance{}
	}
	return b.glanced(worker, glance(worker, at), eager)
}

// seePredecessor looks, once, at the worker that is to be replaced: what it serves now is wanted of its successor.
func (b *mailbox) seePredecessor(worker string, glance glancing) {
	predecessor := b.takePredecessor(worker)
	if at := b.socketsOf(predecessor); len(at) > 0 {
		b.glancedAtPredecessor(predecessor, glance(predecessor, at))
	}
}

// note keeps what a look has shown.
func (l *loop) note(w *supervised, g observer.Glance) {
	for _, a := range w.listeners {
		wait := g.Waits[a.socket.Inode]
		a.Open, a.Registered = wait.Open, wait.Registered
		if a.since.IsZero() && a.Registered {
			a.since = time.Now()
		}
		a.Outlasts = w.record.outlasted(a)
		a.Closed = a.binding.ClosedUntilReady(w.Start.Slot)
		if wait.Accepts() || g.Held[a.Name] {
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
func (l *loop) getsReady(w *supervised, how record.ReadyProof) {
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
