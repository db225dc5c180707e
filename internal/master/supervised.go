package master

import (
	"time"

	"rota/internal/kernel"
)

// supervised is what the loop knows of a worker that a minder looks after. No other goroutine touches it.
type supervised struct {
	*minder
	root    kernel.Root     // how to find its processes
	runs    bool            // it has a process
	stale   bool            // it has a socket that no client can reach any more
	evicted map[uint64]bool // by cookie, the connections that were closed for it
	ending  *ending         // nil while nobody follows how its connections end

	attends     []*attends     // how it serves its stream listeners
	record      *serviceRecord // of its generation
	predecessor string         // the worker that it is to replace, until that one was looked at
	succeeds    int            // the generation of the worker that had the slot before
}

// start begins to supervise a worker, and has its minder launch it.
func (l *loop) start(e start) {
	s := l.supervise(e, l.plans[e.generation])
	if l.pool.ofReload(e.worker) {
		l.followEndings(s)
	}
	spec, err := l.launchSpec(e, s.plan)
	spec.unwanted = s.ordered
	l.background.Go(func() {
		s.mind(func() (process, error) {
			if err != nil {
				return nil, err
			}
			defer spec.drop()
			return l.launch(spec)
		})
	})
}

func (l *loop) supervise(e start, p *plan) *supervised {
	s := &supervised{evicted: map[uint64]bool{}, record: l.records[e.generation]}
	s.predecessor, s.succeeds = l.predecessor(e)
	s.attends = attendsOf(p, e.worker, e.slot)
	var listeners []kernel.Listener
	for _, a := range s.attends {
		listeners = append(listeners, a.socket)
	}
	s.minder = newMinder(e, p, listeners, l.surroundings(s), l.options.Log)
	l.minders[e.worker] = s
	return s
}

// surroundings is what the worker's minder needs.
func (l *loop) surroundings(s *supervised) surroundings {
	return surroundings{
		born: func(root kernel.Root, pid int) {
			l.mailbox.born(s, root, pid)
		},
		post:   l.mailbox.post,
		count:  l.observer.heldBy,
		family: l.observer.familyOf,
		look:   l.options.Ended,
		see:    l.observer.see,
		fate:   l.fate,
	}
}

// bury lets go of what was kept for a worker that is gone.
func (l *loop) bury(e bury) {
	m := l.minders[e.worker]
	if m == nil {
		return
	}
	l.inherit(m.minder, e.exit)
	delete(l.minders, e.worker)
	l.forget()
	l.restEndings()
}

// sight is a copy for the minder of what was seen so far. required are the listeners that the worker has to
// serve.
func (s *supervised) sight(required map[*binding]bool) (seen sight) {
	for _, a := range s.attends {
		copied := a.attended
		copied.wanted = required[a.binding]
		seen.listeners = append(seen.listeners, copied)
	}
	return seen
}

// attendsOf is for a worker of the plan that was not looked at yet.
func attendsOf(p *plan, worker string, slot int) (list []*attends) {
	for _, l := range p.listeners {
		if !l.stream() {
			continue
		}
		s, err := l.forSlot(slot)
		if err != nil {
			return nil // the worker is not started
		}
		socket := s.kernel
		socket.Name = l.Name
		list = append(list, &attends{worker: worker, attended: attended{name: l.Name, address: l.address()}, binding: l.binding, at: l.bound(), socket: socket})
	}
	return list
}

// attends is what the loop knows of how a worker serves one stream listener.
type attends struct {
	attended
	worker  string
	since   time.Time // it has registered the listener; zero if it has not
	binding *binding
	at      ListenAddress
	socket  kernel.Listener
	sought  bool // connections are made to find out whether it accepts
}
