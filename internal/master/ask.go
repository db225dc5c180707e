package master

// How callers give the master commands. What the pool needs for its decision is measured here first, outside of the
// loop, and goes along with the command.

// Reload asks for a graceful rotation and returns the reload that will be, or is, its
// answer; a queued reload is shared. Errors: ErrStopping, ErrKeyReused, ErrGeneration,
// ErrNoCanary, CanaryTooLarge, *NoRoom, a ConflictError.
func (m *Master) Reload(request ReloadRequest) (Reload, error) {
	c := askReload{id: newID(), request: request, settings: m.settingsFor(request)}
	if request.Surge != nil {
		c.room = m.observer.headroom()
	}
	var r Reload
	err := m.attempt(func(l *loop) error {
		if err := l.obey(c); err != nil {
			return err
		}
		r = l.pool.copyOf(l.pool.answerTo(request))
		return nil
	})
	return r, err
}

// settingsFor are the settings as they are now, if it matters for the request. Those that can't be read are not known:
// the reload will say so, because its plan reads them again.
func (m *Master) settingsFor(request ReloadRequest) *settings {
	if !request.NeedsCanary && request.Canary == nil {
		return nil
	}
	spec := m.options.Spec
	if m.options.Reread != nil {
		var err error
		if spec, err = m.options.Reread(); err != nil {
			return nil
		}
	}
	return &settings{strategy: spec.Strategy, workers: spec.withDefaults().Workers}
}

// Control has a reload go back, wait or go on. Asking twice changes nothing.
// Errors: ErrNoReload, ErrStopping, a ConflictError where the reload's state forbids it.
func (m *Master) Control(id string, verb Verb, reason string) (Reload, error) {
	var answer Reload
	err := m.attempt(func(l *loop) error {
		if err := l.obey(controlReload{reload: id, verb: verb, reason: reason}); err != nil {
			return err
		}
		answer = l.pool.copyOf(l.pool.reload(id))
		return nil
	})
	return answer, err
}

// Renew has a worker replaced by another of the same generation, which is started and ready before the
// worker is told to drain, and returns that other one. Errors: ErrNoWorker, ErrStopping, a ConflictError.
func (m *Master) Renew(id string) (Worker, error) {
	var next Worker
	err := m.attempt(func(l *loop) error {
		if err := l.obey(renewWorker{worker: id}); err != nil {
			return err
		}
		next = l.pool.replacementOf(id).Worker
		return nil
	})
	return next, err
}

// Scale makes the pool delta workers larger or smaller. Errors: ErrStopping, ErrResizing, ErrPoolLimit, *NoRoom.
func (m *Master) Scale(delta int) error {
	c := scaleBy{delta: delta}
	if delta > 0 {
		c.room = m.observer.headroom()
	}
	return m.attempt(func(l *loop) error { return l.obey(c) })
}

// ScaleTo gives the pool so many workers and returns how many it had. Errors: as Scale.
func (m *Master) ScaleTo(size int) (before int, err error) {
	c := scaleTo{size: size, room: m.observer.headroom()}
	err = m.attempt(func(l *loop) error {
		before = l.pool.size()
		return l.obey(c)
	})
	return before, err
}

// Shutdown lets every worker drain; Run returns when the last is gone.
func (m *Master) Shutdown() { m.command(stopMaster{}) }

// Kill ends every worker at once; their connections are cut.
func (m *Master) Kill() { m.command(stopMaster{now: true}) }
