package master

import (
	"context"
	"errors"
	"time"
)

// A search finds out which workers accept from a listener of which they do not seem to wait for connections: by
// connections of the master's own. All workers that are looked for at the same listener share one.

// seek begins to search where the worker may accept and was not seen to.
func (l *loop) seek(w *supervised, eager bool) {
	for _, a := range w.attends {
		a.sought = a.closed == "" && (a.registered || eager && a.open)
		if a.sought && !a.accepting && !l.searches[a.binding] {
			l.searches[a.binding] = true
			l.background.Go(func() { l.search(a.binding, a.at) })
		}
	}
}

// sought are the workers that have yet to be seen to accept there.
func (l *loop) sought(b *binding) (list []*attends) {
	for id, w := range l.minders {
		m, alive := l.pool.alive(id)
		if !alive || m.State != WorkerStarting && time.Since(m.ReadyAt) > seekOn || m.State == WorkerDraining {
			continue
		}
		for _, a := range w.attends {
			if a.binding == b && a.sought && !a.accepting {
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
func (o *observer) searchAt(b *binding, a ListenAddress) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-o.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	s := o.reacher().salvo(a)
	defer s.end()
	p := newPace(a)
	for workers := o.seeks(b, p); len(workers) > 0; workers = o.seeks(b, p) {
		before := *s
		accepted, err := s.turn(ctx, p, workers)
		for _, one := range accepted {
			s.part(one.offer)
		}
		if o.found(b, accepted, s.since(before), err) {
			p.reached()
		}
		if err != nil {
			o.pause(lastGap)
		}
	}
}

// seeks are the workers to go on for, and sets the pace. The search is over if there are none.
func (l *loop) seeks(b *binding, p *pace) (workers []string) {
	likely, hopeful := false, false
	for _, a := range l.sought(b) {
		workers = append(workers, a.worker)
		likely = likely || a.registered
		hopeful = hopeful || a.registered && time.Since(a.since) < mostPatience
	}
	if !likely {
		p.size = 1 // nobody accepts yet, but for who polls without sleeping
	}
	p.long = lastGap
	if hopeful {
		p.long = hopefulGap
	}
	if len(workers) == 0 {
		delete(l.searches, b)
	}
	return workers
}

// found notes what a turn has shown, and returns whether anybody was seen to accept who was not before. That one is looked at again at once.
func (l *loop) found(b *binding, accepted []acceptance, n tally, err error) (progress bool) {
	for _, a := range l.sought(b) {
		a.offered, a.taken, a.unknown = a.offered+n.offered, a.taken+n.taken, a.unknown+n.unknown
		if errors.Is(err, errNobodyTells) {
			a.blind = "the kernel does not tell who accepts connections"
		}
	}
	for _, one := range accepted {
		w := l.minders[one.worker]
		if w == nil {
			continue
		}
		for _, a := range w.attends {
			if a.binding == b && !a.accepting {
				l.sees(w, a)
				w.poke()
				progress = true
			}
		}
	}
	return progress
}
