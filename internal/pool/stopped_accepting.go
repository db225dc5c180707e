package pool

import (
	"fmt"
	"time"

	"rota/internal/record"
)

// onStoppedAccepting notes when a draining worker stopped accepting.
func (p *Pool) onStoppedAccepting(m *member, at time.Time, lived bool) {
	if m.State != record.WorkerDraining || !m.StoppedAcceptingAt.IsZero() {
		return
	}
	m.StoppedAcceptingAt, m.withdrew = at, lived
	m.reload.amendDraining(m.ID, func(s *record.Step) { s.StoppedAcceptingAt = at })
}

// onStillAccepts adds to the reload that the worker still accepted at that time. That stays true when it
// stops later.
func (p *Pool) onStillAccepts(m *member, f StillAccepts) {
	if m.State != record.WorkerDraining {
		return
	}
	m.reload.amendDraining(m.ID, func(s *record.Step) {
		s.Message += fmt.Sprintf("; it was still waiting for connections on %s %s after it was told to stop", f.Listeners, f.After.Round(100*time.Millisecond))
	})
}
