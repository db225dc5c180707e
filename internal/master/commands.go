package master

import (
	"rota/internal/pool"
	"rota/internal/record"
)

// How callers give the master commands. What the pool needs for its decision is measured here first, outside of the
// loop, and goes along with the command.

// Reload asks for a graceful rotation and returns the reload that will be, or is, its
// answer; a queued reload is shared. Errors: ErrStopping, ErrKeyReused, ErrGeneration,
// ErrNoCanary, CanaryTooLarge, *NoRoom, a ConflictError.
func (m *Master) Reload(request record.ReloadRequest) (record.Reload, error) {
	c := pool.AskReload{ID: newID(), Request: request, Settings: m.settingsFor(request)}
	if request.Surge != nil {
		c.Room = m.observer.Headroom()
	}
	var r record.Reload
	err := m.attempt(func(l *loop) error {
		if err := l.obey(c); err != nil {
			return err
		}
		r = l.pool.CopyOf(l.pool.AnswerTo(request))
		return nil
	})
	return r, err
}

// settingsFor are the settings as they are now, if it matters for the request. Those that can't be read are not known:
// the reload will say so, because its plan reads them again.
func (m *Master) settingsFor(request record.ReloadRequest) *pool.Settings {
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
	return &pool.Settings{Strategy: spec.Strategy, Workers: spec.WithDefaults().Workers}
}

// Control has a reload go back, wait or go on. Asking twice changes nothing.
// Errors: ErrNoReload, ErrStopping, a ConflictError where the reload's state forbids it.
func (m *Master) Control(id string, verb record.Verb, reason string) (record.Reload, error) {
	var answer record.Reload
	err := m.attempt(func(l *loop) error {
		if err := l.obey(pool.ControlReload{Reload: id, Verb: verb, Reason: reason}); err != nil {
			return err
		}
		answer = l.pool.CopyOf(l.pool.Reload(id))
		return nil
	})
	return answer, err
}

// Renew has a worker replaced by another of the same generation, which is started and ready before the
// worker is told to drain, and returns that other one. Errors: ErrNoWorker, ErrStopping, a ConflictError.
func (m *Master) Renew(id string) (record.Worker, error) {
	var next record.Worker
	err := m.attempt(func(l *loop) error {
		if err := l.obey(pool.RenewWorker{Worker: id}); err != nil {
			return err
		}
		next, _ = l.pool.ReplacementOf(id)
		return nil
	})
	return next, err
}

// Scale makes the pool delta workers larger or smaller. Errors: ErrStopping, ErrResizing, ErrPoolLimit, *NoRoom.
func (m *Master) Scale(delta int) error {
	c := pool.ScaleBy{Delta: delta}
	if delta > 0 {
		c.Room = m.observer.Headroom()
	}
	return m.attempt(func(l *loop) error { return l.obey(c) })
}

// ScaleTo gives the pool so many workers and returns how many it had. Errors: as Scale.
func (m *Master) ScaleTo(size int) (before int, err error) {
	c := pool.ScaleTo{Size: size, Room: m.observer.Headroom()}
	err = m.attempt(func(l *loop) error {
		before = l.pool.Size()
		return l.obey(c)
	})
	return before, err
}

// Shutdown lets every worker drain; Run returns when the last is gone.
func (m *Master) Shutdown() { m.command(pool.StopMaster{}) }

// Kill ends every worker at once; their connections are cut.
func (m *Master) Kill() { m.command(pool.StopMaster{Now: true}) }
