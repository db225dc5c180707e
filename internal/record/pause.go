package record

import "time"

// PauseReason is what a paused rotation waits for.
type PauseReason string

// The reasons.
const (
	PausedCanary  PauseReason = "canary"  // until it is promoted, or has soaked
	PausedBetween PauseReason = "between" // two batches
	PausedAsked   PauseReason = "asked"   // until somebody resumes it
)

// Pause is what a rotation waits for, and how long.
type Pause struct {
	Why   PauseReason
	Since time.Time
	Until time.Time // zero: until somebody says so
}
