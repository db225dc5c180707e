package master

import "context"

// What callers may ask of the master besides a reload.

// Control has a reload go another way: back, on, or not for now. What has been done already is not
// done again. Errors: ErrNoReload, ErrStopping, a ConflictError where the reload's state forbids it.
func (m *Master) Control(id string, verb Verb, reason string) (Reload, error) {
	var answer Reload
	err := m.attempt(func(l *loop) error {
		r := l.pool.reload(id)
		if r == nil {
			return ErrNoReload
		}
		if l.pool.stopping && !r.State.Terminal() {
			return ErrStopping
		}
		if err := l.pool.forbids(r, verb); err != nil {
			return err
		}
		l.handle(controlAsked{reload: id, verb: verb, reason: reason})
		answer = r.clone()
		return nil
	})
	return answer, err
}

// WaitCanary returns the reload once its canary is reached, skipped or known not to exist, or the reload has
// ended. Errors: as Wait.
func (m *Master) WaitCanary(ctx context.Context, id string) (Reload, error) {
	return m.waitUntil(ctx, id, (*Reload).CanaryDecided)
}

// strategyOf is the settings' own strategy, where the request needs a canary and leaves it to them whether there is
// one. Settings that can't be read are the reload's to complain of: its plan reads them again.
func (m *Master) strategyOf(request ReloadRequest) Strategy {
	if !request.NeedsCanary || request.Canary != nil {
		return Strategy{}
	}
	if m.options.Reread == nil {
		return m.options.Strategy
	}
	spec, err := m.options.Reread()
	if err != nil {
		return Strategy{Canary: 1} // perhaps
	}
	return spec.Strategy
}

// Renew has a worker replaced by another of the same generation, which is started and ready before the
// worker is told to drain, and returns that other one. Errors: ErrNoWorker, ErrStopping, a ConflictError.
func (m *Master) Renew(id string) (Worker, error) {
	var next Worker
	err := m.attempt(func(l *loop) error {
		if l.pool.stopping {
			return ErrStopping
		}
		w := l.pool.workers[id]
		if w == nil {
			if _, known := l.pool.worker(id); known {
				return conflict("the worker is gone")
			}
			return ErrNoWorker
		}
		if err := l.pool.forbidsRenewal(w); err != nil {
			return err
		}
		l.handle(renewalAsked{worker: id})
		next = l.pool.slotOf(w).next.Worker
		return nil
	})
	return next, err
}

// Scale makes the pool delta workers larger or smaller. Errors: ErrStopping, ErrResizing, ErrPoolLimit, *NoRoom.
func (m *Master) Scale(delta int) error {
	_, err := m.scale(func(now int) int { return now + delta })
	return err
}

// ScaleTo gives the pool so many workers and returns how many it had. Errors: as Scale.
func (m *Master) ScaleTo(size int) (before int, err error) {
	return m.scale(func(int) int { return size })
}

// scale looks whether there is room before it has the loop do it. More than one caller at a time may find the same room.
func (m *Master) scale(size func(now int) int) (before int, err error) {
	more := 0
	if err := m.attempt(func(l *loop) error {
		now := len(l.pool.slots)
		more = size(now) - now
		return l.forbidsSize(size(now))
	}); err != nil {
		return 0, err
	}
	if err := m.observer.roomToGrow(more); err != nil {
		return 0, err
	}
	err = m.attempt(func(l *loop) error {
		before = len(l.pool.slots)
		wanted := size(before)
		if err := l.forbidsSize(wanted); err != nil {
			return err
		}
		l.handle(scaleAsked{delta: wanted - before})
		return nil
	})
	return before, err
}

// forbidsSize says why the pool can't be given so many workers now, or nil.
func (l *loop) forbidsSize(size int) error {
	switch {
	case l.pool.stopping:
		return ErrStopping
	case size < 1 || size > MaxWorkers:
		return ErrPoolLimit
	case size != len(l.pool.slots) && l.pool.resizing():
		return ErrResizing
	}
	return nil
}

// attempt has the loop call f and returns its error.
func (b *mailbox) attempt(f func(*loop) error) error {
	var refused error
	if err := b.ask(func(l *loop) { refused = f(l) }); err != nil {
		return err
	}
	return refused
}
