package master

import (
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/observer"
	"rota/internal/record"
)

// What other goroutines may ask the loop. Each answer is a copy, which nobody changes, and a question changes nothing.
// What they may tell the loop, or have it do, is in mailbox_requests.go.

// socketsOf are the stream listeners of one worker; none if it is gone.
func (b *mailbox) socketsOf(worker string) (list []kernel.Listener) {
	_ = b.ask(func(l *loop) {
		if w := l.minders[worker]; w != nil {
			list = w.Listeners
		}
	})
	return list
}

// socketPaths are the paths of unix sockets that have to stay where they are.
func (b *mailbox) socketPaths() (list []string) {
	_ = b.ask(func(l *loop) {
		for _, one := range l.bindings() {
			if path := one.First.Path; path != nil && !path.Hidden {
				list = append(list, path.Path)
			}
		}
	})
	return list
}

// probed are the listeners at which a client is to be served all the time.
func (b *mailbox) probed() (list []listen.Spec) {
	_ = b.ask(func(l *loop) { list = l.probed() })
	return list
}

// lingering are the sockets that no plan has any more, and the workers that may still hold them.
func (b *mailbox) lingering() (sockets []*listen.Binding, workers []string, err error) {
	err = b.ask(func(l *loop) { sockets, workers = slices.Clone(l.lingering), l.leftovers() })
	return sockets, workers, err
}

// serving are the ready workers of a generation that have a slot.
func (b *mailbox) serving(generation int) (workers []string, err error) {
	err = b.ask(func(l *loop) { workers = l.pool.Serving(generation) })
	return workers, err
}

// serves reports whether the worker is ready and has a slot.
func (b *mailbox) serves(worker string) (serves bool) {
	_ = b.ask(func(l *loop) {
		w, alive := l.pool.Alive(worker)
		serves = alive && slices.Contains(l.pool.Serving(w.Generation), worker)
	})
	return serves
}

// followed are the workers whose connections are to be counted.
func (b *mailbox) followed() (workers []string) {
	_ = b.ask(func(l *loop) { workers = l.pool.Followed() })
	return workers
}

// startingUnseen are the starting workers that were not seen to accept: their listeners, and their processes as far as
// known.
func (b *mailbox) startingUnseen() (starting []unseen) {
	_ = b.ask(func(l *loop) {
		for id, m := range l.minders {
			w, _ := l.pool.Alive(id)
			if e := l.endings.Of(id); e != nil && !e.Accepts && w.State == record.WorkerStarting {
				starting = append(starting, unseen{id, m.Listeners, m.root.Known})
			}
		}
	})
	return starting
}

// minders are those of the workers that have a process.
func (b *mailbox) minders() (list []*minder.Minder) {
	_ = b.ask(func(l *loop) {
		for _, m := range l.minders {
			if m.runs {
				list = append(list, m.Minder)
			}
		}
	})
	return list
}

// reload is one reload of the history. Error: ErrNoReload.
func (b *mailbox) reload(id string) (found record.Reload, err error) {
	err = b.attempt(func(l *loop) error {
		r := l.pool.Reload(id)
		if r == nil {
			return record.ErrNoReload
		}
		found = l.pool.CopyOf(r)
		return nil
	})
	return found, err
}

// reloads is the history, newest first.
func (b *mailbox) reloads() (list []record.Reload, err error) {
	err = b.askMeasured(func(l *loop) {
		for r := range l.pool.History() {
			list = append(list, l.pool.CopyOf(r))
		}
		slices.Reverse(list)
	})
	return list, err
}

// status is the state of the master.
func (b *mailbox) status() (s Status, err error) {
	err = b.askMeasured(func(l *loop) { s = l.status() })
	return s, err
}

// worker is one worker, also one of the latest that are gone. Error: ErrNoWorker.
func (b *mailbox) worker(id string) (w record.Worker, err error) {
	err = b.attempt(func(l *loop) error {
		var known bool
		if w, known = l.pool.Worker(id); !known {
			return record.ErrNoWorker
		}
		return nil
	})
	return w, err
}

// drainingFor are the older workers that a reload waits for, by slot and then by age. Error: ErrNoReload.
func (b *mailbox) drainingFor(reload string) (list []record.Worker, err error) {
	err = b.attempt(func(l *loop) error {
		r := l.pool.Reload(reload)
		if r == nil {
			return record.ErrNoReload
		}
		if r.State.Terminal() {
			return nil
		}
		ids := l.pool.Draining(r)
		for _, w := range l.pool.Living() {
			if slices.Contains(ids, w.ID) {
				list = append(list, w)
			}
		}
		return nil
	})
	return list, err
}

// heldFor are the connections of the workers that a reload waits for, without those that rota has closed or made
// itself. listing was made before: a worker that has left since holds nothing.
func (b *mailbox) heldFor(r *record.Reload, listing observer.Listing) (held map[string][]listen.Connection, draining int, err error) {
	err = b.ask(func(l *loop) {
		workers := l.pool.Draining(r)
		held, draining = l.withoutEvicted(listing.ByWorker(workers)), len(workers)
	})
	return held, draining, err
}

// notYetEvicted leaves out the connections that were closed already as far as rota can.
func (b *mailbox) notYetEvicted(worker string, list []listen.Connection) (left []listen.Connection, err error) {
	err = b.ask(func(l *loop) { left = l.notYetEvicted(worker, list) })
	return left, err
}
