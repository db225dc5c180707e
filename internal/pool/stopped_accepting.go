package pool

import (
	"fmt"
	"slices"
	"time"
)

// When a draining worker stopped accepting, as the record has it.

func (p *Pool) onStoppedAccepting(m *member, at time.Time, lived bool) {
	if m.State != WorkerDraining || !m.StoppedAcceptingAt.IsZero() {
		return
	}
	m.StoppedAcceptingAt, m.withdrew = at, lived
	m.reload.amendDraining(m.ID, func(s *Step) { s.StoppedAcceptingAt = at })
}

// onStillAccepts adds to the record that the worker still accepted at that time. That stays true when it
// stops later.
func (p *Pool) onStillAccepts(m *member, f StillAccepts) {
	if m.State != WorkerDraining {
		return
	}
	m.reload.amendDraining(m.ID, func(s *Step) {
		s.Message += fmt.Sprintf("; it was still waiting for connections on %s %s after it was told to stop", f.Listeners, f.After.Round(100*time.Millisecond))
	})
}

// amendDraining changes the step that says that the worker drains. Readers share the old list, so it is copied.
func (r *Reload) amendDraining(worker string, change func(*Step)) {
	if r == nil {
		return
	}
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if s := r.Steps[i]; s.WorkerID == worker && s.Action == "draining" {
			r.Steps = slices.Clone(r.Steps)
			change(&r.Steps[i])
			return
		}
	}
}
