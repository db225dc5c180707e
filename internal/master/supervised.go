package master

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
)

// supervised is what the loop knows of a worker that a minder looks after. No other goroutine touches it.
type supervised struct {
	*minder.Minder
	plan    *plan.Plan
	root    kernel.Root     // how to find its processes
	runs    bool            // it has a process
	stale   bool            // it has a socket that no client can reach any more
	evicted map[uint64]bool // by cookie, the connections that were closed for it

	listeners   []*listenerRecord // how it serves its stream listeners
	record      *serviceRecord    // of its generation
	predecessor string            // the worker that it is to replace, until that one was looked at
	succeeds    int               // the generation of the worker that had the slot before
}

// start begins to supervise a worker, and has its minder launch it.
func (l *loop) start(e pool.Start) {
	s := l.supervise(e, l.plans[e.Generation])
	if l.pool.OfReload(e.Worker) {
		l.followEndings(s)
	}
	spec, err := l.launchSpec(e, s.plan)
	spec.Cancelled = s.Ordered
	l.background.Go(func() {
		s.Run(func() (process.Process, error) {
			if err != nil {
				return nil, err
			}
			defer spec.Drop()
			return l.launch(spec)
		})
	})
}

func (l *loop) supervise(e pool.Start, p *plan.Plan) *supervised {
	s := &supervised{plan: p, evicted: map[uint64]bool{}, record: l.records[e.Generation]}
	s.predecessor, s.succeeds = l.predecessor(e)
	s.listeners = listenerRecordsOf(p, e.Worker, e.Slot)
	var listeners []kernel.Listener
	for _, a := range s.listeners {
		listeners = append(listeners, a.socket)
	}
	s.Minder = minder.New(e, p.Spec, listeners, l.callbacks(s), l.options.Log)
	l.minders[e.Worker] = s
	return s
}

// callbacks are what the worker's minder needs of the loop.
func (l *loop) callbacks(s *supervised) minder.Callbacks {
	return minder.Callbacks{
		Started: func(root kernel.Root, pid int) {
			l.mailbox.born(s, root, pid)
		},
		Post:        l.mailbox.post,
		Connections: l.observer.HeldBy,
		Family:      l.observer.FamilyOf,
		Ended:       l.options.Ended,
		Observe: func(worker string, eager bool) minder.Acceptance {
			return l.mailbox.see(worker, l.observer.Glance, eager)
		},
		Fate: l.fate,
	}
}

// bury lets go of what was kept for a worker that is gone.
func (l *loop) bury(e pool.Bury) {
	m := l.minders[e.Worker]
	if m == nil {
		return
	}
	l.inherit(m.Minder, e.Exit)
	delete(l.minders, e.Worker)
	l.forget()
	l.endings.Leave(e.Worker)
}

// acceptance is a copy for the minder of what was seen so far. required are the listeners that the worker has to
// serve.
func (s *supervised) acceptance(required map[*listen.Binding]bool) (seen minder.Acceptance) {
	for _, a := range s.listeners {
		copied := a.ObservedListener
		copied.Wanted = required[a.binding]
		seen.Listeners = append(seen.Listeners, copied)
	}
	return seen
}

// listenerRecordsOf is for a worker of the plan that was not looked at yet.
func listenerRecordsOf(p *plan.Plan, worker string, slot int) (list []*listenerRecord) {
	for _, l := range p.Listeners {
		if !l.Stream() {
			continue
		}
		s, err := l.ForSlot(slot)
		if err != nil {
			return nil // the worker is not started
		}
		socket := s.Kernel
		socket.Name = l.Name
		list = append(list, &listenerRecord{worker: worker, ObservedListener: minder.ObservedListener{Name: l.Name, Address: l.BoundAddress()}, binding: l.Binding, at: l.Bound(), socket: socket})
	}
	return list
}

// listenerRecord is what the loop knows of how a worker serves one stream listener.
type listenerRecord struct {
	minder.ObservedListener
	worker  string
	since   time.Time // it has registered the listener; zero if it has not
	binding *listen.Binding
	at      listen.Spec
	socket  kernel.Listener
	sought  bool // connections are made to find out whether it accepts
}
