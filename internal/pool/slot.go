package pool

import (
	"time"

	"rota/internal/record"
)

// A worker that was ready for stableAfter is stable: if it dies, its death is the first in a row. A slot
// whose workers died loopAfter times in a row is in a crash loop.
const (
	stableAfter = 10 * time.Second
	loopAfter   = 3
)

// slot is a numbered place that always wants one ready worker.
type slot struct {
	number   int
	duty     *member        // serves, or starts because nobody does
	next     *member        // starts, to take over from duty when ready
	deaths   int            // in a row
	died     *record.Worker // the latest that did; nil for none since a rotation changed the slot
	words    []string       // its last lines, oldest first
	restarts int            // deaths since a rotation last changed the slot
	retrying bool           // waits for RetryDue
}

// servedBy reports whether the slot has a ready worker of the generation.
func (s *slot) servedBy(generation int) bool {
	return s.duty != nil && s.duty.Generation == generation && s.duty.State == record.WorkerReady
}

// looping reports whether the slot is in a crash loop.
func (s *slot) looping(now time.Time) bool {
	stable := s.duty != nil && s.duty.stable(now)
	return s.deaths >= loopAfter && !stable
}

// stable reports whether the worker has been ready long enough to trust it.
func (m *member) stable(now time.Time) bool {
	return !m.ReadyAt.IsZero() && now.Sub(m.ReadyAt) >= stableAfter
}
