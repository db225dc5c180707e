package master

import (
	"context"
	"errors"
	"time"

	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/pool"
	"rota/internal/reach"
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
		if !alive || m.State != pool.WorkerStarting && time.Since(m.ReadyAt) > seekOn || m.State == pool.WorkerDraining {
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

// hopefulGap is the longest time between two salvos for a worker that has registered the listener lately, and so will accept soon.
const hopefulGap = 20 * time.Millisecond

// seekOn is how long the search goes on when a worker is ready: for what it serves besides.
const seekOn = time.Second

// searchAt goes on until nobody is sought any more.
func (o *observer) searchAt(b *listen.Binding, a listen.ListenAddress) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-o.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	s := o.reacher().Salvo(a)
	defer s.End()
	p := reach.NewPace(a)
	for workers := o.seeks(b, p); len(workers) > 0; workers = o.seeks(b, p) {
		before := *s
		accepted, err := s.Turn(ctx, p, workers)
		for _, one := range accepted {
			s.Part(one.Offer)
		}
		if o.found(b, accepted, s.Since(before), err) {
			p.Reached()
		}
		if err != nil {
			o.pause(reach.LastGap)
		}
	}
}

// seeks are the workers to go on for, and sets the pace. The search is over if there are none.
func (l *loop) seeks(b *listen.Binding, p *reach.Pace) (workers []string) {
	likely, hopeful := false, false
	for _, a := range l.sought(b) {
		workers = append(workers, a.worker)
		likely = likely || a.Registered
		hopeful = hopeful || a.Registered && time.Since(a.since) < minder.MostPatience
	}
	if !likely {
		p.Size = 1 // nobody accepts yet, but for who polls without sleeping
	}
	p.Long = reach.LastGap
	if hopeful {
		p.Long = hopefulGap
	}
	if len(workers) == 0 {
		delete(l.searches, b)
	}
	return workers
}

// found notes what a turn has shown, and returns whether anybody was seen to accept who was not before. That one is looked at again at once.
func (l *loop) found(b *listen.Binding, accepted []reach.Acceptance, n reach.Tally, err error) (progress bool) {
	for _, a := range l.sought(b) {
		a.Offered, a.Taken, a.Unknown = a.Offered+n.Offered, a.Taken+n.Taken, a.Unknown+n.Unknown
		if errors.Is(err, reach.ErrNobodyTells) {
			a.Blind = "the kernel does not tell who accepts connections"
		}
	}
	for _, one := range accepted {
		w := l.minders[one.Worker]
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
