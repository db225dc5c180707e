package master

import (
	"errors"
	"time"

	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/reach"
	"rota/internal/record"
)

// A search finds out which workers accept from a listener of which they do not seem to wait for connections: by
// connections of the master's own. All workers that are looked for at the same listener share one.

// seek begins to search where the worker may accept and was not seen to.
func (l *loop) seek(w *supervised, eager bool) {
	for _, a := range w.listeners {
		a.sought = a.Closed == "" && (a.Registered || eager && a.Open)
		if a.sought && !a.Accepting && !l.searches[a.binding] {
			l.searches[a.binding] = true
			l.background.Go(func() { l.search(a.binding, a.at) })
		}
	}
}

// sought are the workers that have yet to be seen to accept there.
func (l *loop) sought(b *listen.Binding) (list []*listenerRecord) {
	for id, w := range l.minders {
		m, alive := l.pool.Alive(id)
		if !alive || m.State != record.WorkerStarting && time.Since(m.ReadyAt) > seekOn || m.State == record.WorkerDraining {
			continue
		}
		for _, a := range w.listeners {
			if a.binding == b && a.sought && !a.Accepting {
				list = append(list, a)
			}
		}
	}
	return list
}

// hopefulGap is the longest time between two rounds for a worker that has registered the listener lately, and so will
// accept soon.
const hopefulGap = 20 * time.Millisecond

// seekOn is how long the search goes on when a worker is ready: for what it serves besides.
const seekOn = time.Second

// seeks says for which workers to go on, and how fast. The search is over if there are none.
func (l *loop) seeks(b *listen.Binding) (wanted reach.Wanted) {
	likely, hopeful := false, false
	for _, a := range l.sought(b) {
		wanted.Workers = append(wanted.Workers, a.worker)
		likely = likely || a.Registered
		hopeful = hopeful || a.Registered && time.Since(a.since) < minder.MostPatience
	}
	wanted.Unlikely = !likely // only a worker that polls without sleeping may accept by now
	if hopeful {
		wanted.Gap = hopefulGap
	}
	if len(wanted.Workers) == 0 {
		delete(l.searches, b)
	}
	return wanted
}

// found notes what a round has shown, and returns whether a worker was seen to accept for the first time. That worker is
// looked at again at once.
func (l *loop) found(b *listen.Binding, seen reach.Found, err error) (progress bool) {
	for _, a := range l.sought(b) {
		a.Offered, a.Accepted, a.Unknown = a.Offered+seen.Offered, a.Accepted+seen.Accepted, a.Unknown+seen.Unknown
		if errors.Is(err, reach.ErrUnknowable) {
			a.Blind = "the kernel does not tell who accepts connections"
		}
	}
	for _, worker := range seen.Workers {
		w := l.minders[worker]
		if w == nil {
			continue
		}
		for _, a := range w.listeners {
			if a.binding == b && !a.Accepting {
				l.sees(w, a)
				w.Poke()
				progress = true
			}
		}
	}
	return progress
}
