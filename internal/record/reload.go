// Package record holds what rota tells of its workers, reloads and events, and what may be asked of it.
//
// A Worker (worker.go), a Reload (reload.go) and an Event (event.go) are copies: they do not change after
// somebody has received them. A Reload has three parts: the request (reload_request.go), its progress, and
// its outcome with the Receipt of what was measured (receipt.go, measured.go). Judge (judgement.go) says from
// that whether a reload was lossless. The reasons why a request is refused are in refusal.go and headroom.go.
//
// The state machine that changes all this is package pool. This package has no state, and imports only the
// standard library.
package record

import "time"

// ReloadState is a reload's progress: queued, rolling, live, completed; or reverting, then failed; or
// aborted.
type ReloadState string

// The states of a reload.
const (
	ReloadQueued    ReloadState = "queued"    // accepted, waits for the one before it
	ReloadRolling   ReloadState = "rolling"   // slots are changing to its generation
	ReloadLive      ReloadState = "live"      // every slot is served by its generation, older workers drain
	ReloadCompleted ReloadState = "completed" // the last older worker is gone
	ReloadReverting ReloadState = "reverting" // it failed or was aborted, and slots go back to the previous generation
	ReloadFailed    ReloadState = "failed"    // everything is as before it began, or the error says what is not
	ReloadAborted   ReloadState = "aborted"   // a caller asked for that, or the master stops
)

// Terminal reports whether the reload has ended for good.
func (s ReloadState) Terminal() bool {
	return s == ReloadCompleted || s == ReloadFailed || s == ReloadAborted
}

// Reload is what the master knows of one reload: what was asked for, how far it is, and what came of it. Of
// a failed or aborted one, Steps and ConnectionsCut may still grow, until the last worker that it told to
// drain is gone.
type Reload struct {
	ID         string // UUIDv7
	Generation int
	State      ReloadState
	CombinedRequest
	Progress
	Outcome
}

// Progress is how far a reload is.
type Progress struct {
	StartedAt  time.Time // zero while queued
	CanaryAt   time.Time // zero until its canary is ready and has passed its checks
	PromotedAt time.Time // zero until the pause after the canary is over, or skipped
	LiveAt     time.Time // zero until live
	FinishedAt time.Time // zero until completed, failed or aborted

	Program       *Program        // of its generation; nil until its plan is made
	Strategy      Strategy        // in effect; zero until its plan is made
	OnTrial       bool            // in copies: from its start to its verdict it may go back
	TrialEndsAt   time.Time       // zero unless it soaks
	Paused        *Pause          // nil unless it waits
	CanaryAddress []CanaryAddress // where to reach its canary, the first listener first; nil unless that is on trial

	Replaced int  // slots served by its generation
	Total    int  // slots
	Serving  int  // slots that a worker of any generation serves; frozen when it has ended
	Served   bool // whether some slot was served since it began

	Draining             int  // older workers that still drain
	ConnectionsRemaining int  // open connections of those, as last counted
	ConnectionsCounted   bool // whether all of them have been counted since they began to drain
	Leaving              int  // once it has ended: workers that it told to drain and that are not gone yet
}

// Outcome is what came of a reload, as far as it is known.
type Outcome struct {
	Failure        *Failure // nil unless reverting, failed or aborted, or completed and unstable
	Steps          []Step   // what happened to which worker, oldest first
	Assumed        []string // why readiness of its workers was only assumed, each reason once
	ConnectionsCut int      // connections closed by killing workers, such as at the drain timeout
	CutUnknown     bool     // there may be more: the kernel did not tell of every killed worker
	Receipt
}

// Step is one thing that happened to a worker because of a reload.
type Step struct {
	At       time.Time
	Action   string // started, ready, draining, exited, killed or failed
	WorkerID string
	Slot     int
	Message  string
	Took     time.Duration // of starting, for ready; of draining, for exited; else 0

	StoppedAcceptingAt time.Time // of draining: see Worker; else zero
}

// Reached reports whether a wait for target (live or completed) is over: the reload has reached it, and not
// only on trial, or has ended without it.
func (r *Reload) Reached(target ReloadState) bool {
	return r.State.Terminal() || r.State == target && !r.OnTrial
}

// Begun reports whether the reload is under way: no longer queued and not ended.
func (r *Reload) Begun() bool { return !r.StartedAt.IsZero() && !r.State.Terminal() }
