package master

import (
	"context"
	"errors"
	"time"
)

// A search finds out which workers accept from a listener of which they do not seem to wait for connections: by
// connections of the master's own. All workers that are looked for at the same listener share one.

// seek begins to search where the worker may accept and was not seen to.
func (l *loop) seek(w *minder, eager bool) {
	for _, a := range w.attends {
		a.sought = a.closed == "" && (a.registered || eager && a.open)
		if a.sought && !a.accepting && !l.searches[a.binding] {
			l.searches[a.binding] = true
			l.crew.Go(func() { l.search(a.binding, a.at) })
		}
	}
}

// sought are the workers that have yet to be seen to accept there.
func (l *loop) sought(b *binding) (list []*attends) {
	for id, w := range l.minders {
		m := l.pool.workers[id]
		if m == nil || m.State != WorkerStarting && time.Since(m.ReadyAt) > seekOn || m.State == WorkerDraining {
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

// seekOn is how long the search goes on when a worker is ready: for what it serves besides.
const seekOn = time.Second

// searchAt goes on until nobody is sought any more.
func (m *Master) searchAt(b *binding, a ListenAddress) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-m.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	s := &salvo{Master: m, at: a}
	defer s.end()
	for p := newPace(a, 1); m.seeks(b, p); {
		before := *s
		accepted, err := s.turn(ctx, p)
		for _, one := range accepted {
			m.part(one.offer)
		}
		_ = m.ask(func(l *loop) { l.found(b, accepted, s.since(before), err) })
		if err != nil {
			m.pause(lastGap)
		}
	}
}

// seeks reports whether to go on. The search is over for the loop if not.
func (m *Master) seeks(b *binding, p *pace) (on bool) {
	_ = m.ask(func(l *loop) {
		sought := l.sought(b)
		registered := 0
		for _, a := range sought {
			if a.registered {
				registered++
			}
		}
		if registered == 0 {
			p.size = 1 // it is likely that nobody accepts yet
		}
		p.size = min(max(p.size, registered), mostOffers)
		if on = len(sought) > 0; !on {
			delete(l.searches, b)
		}
	})
	return on
}

// tally counts connections.
type tally struct{ offered, taken, unknown int }

// since is what has come since then.
func (s *salvo) since(before salvo) tally {
	return tally{s.offered - before.offered, s.taken - before.taken, s.unknown - before.unknown}
}

// found notes what a turn has shown. Who was seen to accept is looked at again at once.
func (l *loop) found(b *binding, accepted []acceptance, n tally, err error) {
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
			}
		}
	}
}

// poke has the minder look soon.
func (w *minder) poke() {
	select {
	case w.poked <- struct{}{}:
	default: // it will
	}
}
