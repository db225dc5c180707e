package master

import "rota/internal/kernel"

// supervised is what the loop knows of a worker that a minder looks after. No other goroutine touches it.
type supervised struct {
	*minder
	root    kernel.Root     // how to find its processes
	runs    bool            // it has a process
	stale   bool            // it has a socket that no client can reach any more
	evicted map[uint64]bool // by cookie, the connections that were closed for it
	ending  *ending         // nil while nobody follows how its connections end

	attends     []*attends // how it serves its stream listeners
	predecessor string     // the worker that it is to replace, until that one was looked at
	succeeds    int        // the generation of the worker that had the slot before
}

// supervise begins to know of a worker that is to be started.
func (l *loop) supervise(m *minder) *supervised {
	s := &supervised{minder: m, evicted: map[uint64]bool{}}
	s.predecessor, s.succeeds = l.predecessor(m.start)
	s.attends = m.plan.attendsOf(m.start.worker, m.start.slot)
	for _, a := range s.attends {
		m.listeners = append(m.listeners, a.socket)
	}
	l.minders[m.start.worker] = s
	return s
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

// sight is a copy for the minder of what was seen so far. required are the listeners that the worker has to serve.
func (s *supervised) sight(required map[*binding]bool) (seen sight) {
	for _, a := range s.attends {
		copied := a.attended
		copied.wanted = required[a.binding]
		seen.listeners = append(seen.listeners, copied)
	}
	return seen
}
