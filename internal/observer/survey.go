package observer

import (
	"sync"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// survey is a look that all share who asked for it before it began. Minders and callers ask many at a time, and a look
// for each would cost their number times the number of workers or connections. One look is taken at a time.
type survey[A any] struct {
	look  func(workers []string) A // takes a while
	rests bool                     // for as long as it has looked, so that it costs half a processor at most

	mutex   sync.Mutex
	waiting []inquiry[A] // that ask for the next look
	running bool
}

// inquiry asks about one worker.
type inquiry[A any] struct {
	worker string
	answer chan A // buffered; others who asked at the same time get the same, so nobody may change it
}

// join asks for the next look.
func (s *survey[A]) join(o *Observer, worker string) <-chan A {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	i := inquiry[A]{worker, make(chan A, 1)}
	s.waiting = append(s.waiting, i)
	if !s.running {
		s.running = true
		go s.run(o)
	}
	return i.answer
}

// run takes one look after the other for as long as somebody waits.
func (s *survey[A]) run(o *Observer) {
	for waiting := s.next(); len(waiting) > 0; waiting = s.next() {
		workers := make([]string, 0, len(waiting))
		for _, i := range waiting {
			workers = append(workers, i.worker)
		}
		began := time.Now()
		found := s.look(workers)
		for _, i := range waiting {
			i.answer <- found
		}
		if s.rests {
			o.pause(time.Since(began))
		}
	}
}

// next returns those who wait. The survey is over if there are none.
func (s *survey[A]) next() []inquiry[A] {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	waiting := s.waiting
	s.waiting, s.running = nil, len(waiting) > 0
	return waiting
}

func (o *Observer) lookAtHeld(workers []string) map[string][]listen.Connection {
	seen, err := o.See(workers)
	if err != nil {
		o.warning(err).Msg("cannot count the connections of workers")
	}
	o.loop.Looked(seen)
	return seen.Held
}

func (o *Observer) lookAtFamilies(workers []string) map[string]kernel.Family {
	families, err := o.Families(workers)
	if err != nil {
		o.warning(err).Msg("cannot list the processes of workers")
	}
	return families
}

// sighting is what was found of all connections.
type sighting struct {
	listing Listing
	err     error
}

func (o *Observer) lookAtAll([]string) sighting {
	workers, err := o.running()
	if err != nil {
		return sighting{err: err}
	}
	listing, err := o.Connections(idsOf(workers))
	return sighting{listing, err}
}
