package pool

import (
	"time"

	"rota/internal/record"
)

// stableAfter is how long a worker must have been ready for its death to count as the
// first of a row. A slot whose workers died loopAfter times in a row is in a crash loop.
const (
	stableAfter = 10 * time.Second
	loopAfter   = 3
)

// slot is a numbered place that should always have one ready worker.
type slot struct {
	number   int
	duty     *member        // serves, or starts because nobody does
	next     *member        // starts, to take over from duty when ready
	deaths   int            // in a row
	died     *record.Worker // the latest that did; nil for none since a rotation changed the slot
	words    []string       // its last lines, oldest first
	restarts int            // deaths since a rotation last changed the slot
	retrying bool           // waits for retryDue
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

// member is a worker as the pool keeps it.
type member struct {
	record.Worker
	reload *reload // that started or drains it; nil for neither
	killed bool    // because too many generations drained

	withdrew bool // it was seen to have stopped accepting before it ended

	connections int                    // open ones, as last counted while it drained, or was not ready yet
	counted     bool                   // whether they were
	held        []record.CutConnection // some of those, as they are described if the worker drops them
	missed      bool                   // they could not be counted when it was told to stop
	peak        int                    // most open ones while it drained
	evicted     int                    // closed for it while it drained
}
