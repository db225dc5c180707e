package master

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// survey is a look at the kernel that all share who asked for it before it began. Minders and callers ask many at a
// time, and a look for each would cost their number times the number of workers or connections. One is taken at a time.
type survey[A any] struct {
	look    func(workers []string) A // takes a while, so it has a goroutine of its own
	rests   bool                     // for as long as it has looked, so that it costs half a processor at most
	waiting []inquiry[A]             // that ask for the next
	running bool
}

// inquiry is after something of one worker.
type inquiry[A any] struct {
	worker string
	answer chan A // buffered; also of others, who asked at the same time, so that nobody may change it
}

// join is called in the loop.
func (s *survey[A]) join(l *loop, i inquiry[A]) {
	s.waiting = append(s.waiting, i)
	if !s.running {
		s.begin(l.mailbox)
	}
}

func (s *survey[A]) begin(b *mailbox) {
	waiting := s.waiting
	s.waiting, s.running = nil, true
	workers := make([]string, 0, len(waiting))
	for _, i := range waiting {
		workers = append(workers, i.worker)
	}
	go func() {
		began := time.Now()
		found := s.look(workers)
		for _, i := range waiting {
			i.answer <- found
		}
		if s.rests {
			b.pause(time.Since(began))
		}
		b.surveyed(func() {
			s.running = false
			if len(s.waiting) > 0 {
				s.begin(b)
			}
		})
	}()
}

// surveys are those of the loop. Callers have one of their own, since minders are not to wait for them.
type surveys struct {
	held     survey[map[string][]listen.Connection] // for minders, as the next; nil if the kernel does not tell
	families survey[map[string]kernel.Family]
	all      survey[sighting] // for callers
}

func (o *observer) surveys() surveys {
	return surveys{
		held:     survey[map[string][]listen.Connection]{look: o.lookAtHeld},
		families: survey[map[string]kernel.Family]{look: o.lookAtFamilies},
		all:      survey[sighting]{look: o.lookAtAll, rests: true},
	}
}

func (o *observer) lookAtHeld(workers []string) map[string][]listen.Connection {
	seen, err := o.seeConnections(workers)
	if err != nil {
		o.warning(err).Msg("cannot count the connections of workers")
	}
	o.looked(seen)
	return seen.Held
}

func (o *observer) lookAtFamilies(workers []string) map[string]kernel.Family {
	families, err := o.families(workers)
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

func (o *observer) lookAtAll([]string) sighting {
	workers, err := o.running()
	if err != nil {
		return sighting{err: err}
	}
	listing, err := o.connectionsOf(idsOf(workers))
	return sighting{listing, err}
}
