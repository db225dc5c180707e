package master

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

// Scale makes the pool delta workers larger or smaller. Errors: ErrStopping, ErrResizing, ErrPoolLimit.
func (m *Master) Scale(delta int) error {
	return m.attempt(func(l *loop) error { return l.scale(len(l.pool.slots) + delta) })
}

// ScaleTo gives the pool so many workers and returns how many it had. Errors: as Scale.
func (m *Master) ScaleTo(size int) (before int, err error) {
	err = m.attempt(func(l *loop) error {
		before = len(l.pool.slots)
		return l.scale(size)
	})
	return before, err
}

func (l *loop) scale(size int) error {
	now := len(l.pool.slots)
	switch {
	case l.pool.stopping:
		return ErrStopping
	case size < 1 || size > MaxWorkers:
		return ErrPoolLimit
	case size == now:
		return nil
	case l.pool.resizing():
		return ErrResizing
	}
	l.handle(scaleAsked{delta: size - now})
	return nil
}

// attempt has the loop call f and returns its error.
func (m *Master) attempt(f func(*loop) error) error {
	var refused error
	if err := m.ask(func(l *loop) { refused = f(l) }); err != nil {
		return err
	}
	return refused
}
