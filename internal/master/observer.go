package master

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/observer"
	"rota/internal/reach"
)

// view is what the goroutines that look at workers and connections must know of the loop, and tell it. It is the
// observer.Loop and the losses.Loop.
type view struct{ mailbox *mailbox }

// Running lists the workers that have a process.
func (v view) Running() (list []observer.Worker, err error) {
	err = v.mailbox.ask(func(l *loop) {
		for id, m := range l.minders {
			if worker, alive := l.pool.Alive(id); alive && m.runs {
				list = append(list, observer.Worker{ID: id, Generation: worker.Generation, State: worker.State, Root: m.root,
					Accepts: len(m.listeners) > 0 && worker.StoppedAcceptingAt.IsZero()})
			}
		}
	})
	return list, err
}

// Roots says how to find the processes of each worker.
func (v view) Roots() (roots map[string]kernel.Root, err error) {
	roots = map[string]kernel.Root{}
	err = v.mailbox.ask(func(l *loop) {
		for id, m := range l.minders {
			roots[id] = m.root
		}
	})
	return roots, err
}

// Endpoints are all listening sockets whose connections a worker may have.
func (v view) Endpoints() (list []kernel.Listener, err error) {
	err = v.mailbox.ask(func(l *loop) { list = l.endpoints() })
	return list, err
}

// Remember keeps which processes the workers have.
func (v view) Remember(families map[string]kernel.Family) error {
	return v.mailbox.ask(func(l *loop) {
		for id, family := range families {
			if m := l.minders[id]; m != nil {
				m.root.Known = family
			}
		}
	})
}

// Looked takes in what a look at connections has shown, and leaves out of it those that rota has closed or made itself.
func (v view) Looked(seen losses.Look) {
	_ = v.mailbox.ask(func(l *loop) {
		l.withoutEvicted(seen.Held)
		l.noteLook(seen)
	})
}

// Holders are the workers that had the connections which ended, and how to find their processes. waits: it matters for
// one of the connections who closed it first.
func (v view) Holders(list []kernel.Ending) (roots map[string]kernel.Root, waits bool) {
	roots = map[string]kernel.Root{}
	_ = v.mailbox.ask(func(l *loop) {
		for _, end := range list {
			if id := l.endings.HolderOf(end.Cookie); id != "" {
				roots[id] = l.minders[id].root
				waits = waits || l.endings.Waited(id, end)
			}
		}
	})
	return roots, waits
}

// Ended says how connections ended. leaving are those that are not closed yet, and lives are the workers that live on.
func (v view) Ended(list []kernel.Ending, at time.Time, leaving map[uint64]kernel.Leaving, lives map[string]bool) {
	_ = v.mailbox.ask(func(l *loop) {
		for _, end := range list {
			_, first := leaving[end.Cookie]
			l.endings.Ended(losses.ConnectionEnd{Ending: end, At: at, WorkerFirst: first}, lives)
		}
	})
}

// Lost says that the kernel did not tell of all connections that ended.
func (v view) Lost(watch *kernel.Endings) {
	_ = v.mailbox.ask(func(l *loop) { l.endings.Lost(watch) })
}

// search is what a search for the workers that accept at a listener must know of the loop.
type search struct {
	mailbox *mailbox
	at      *listen.Binding
}

// Wanted says for which workers to go on searching, and how fast. The search is over if there are none.
func (s search) Wanted() (wanted reach.Wanted) {
	_ = s.mailbox.ask(func(l *loop) { wanted = l.seeks(s.at) })
	return wanted
}

// Found says what a round of a search has shown, and returns whether a worker was seen to accept for the first time.
func (s search) Found(seen reach.Found, err error) (progress bool) {
	_ = s.mailbox.ask(func(l *loop) { progress = l.found(s.at, seen, err) })
	return progress
}
