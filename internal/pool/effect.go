package pool

import (
	"time"

	"rota/internal/record"
)

// Effect is something that the pool wants done. The loop does it, and the result comes back as a fact.
type Effect interface{ isEffect() }

// wakeReason is what a rotation waits for by the clock.
type wakeReason int

const (
	canaryOver wakeReason = iota // the canary has soaked
	pauseOver                    // between two batches
	soakOver                     // of a live reload
	checkDue                     // although nothing has changed
)

type (
	// Prepare makes the plan of a generation; answered by Prepared.
	Prepare struct{ Generation int }
	// Release says that no worker of the generation will be started any more.
	Release struct{ Generation int }
	// Start forks a worker; answered by Forked and BecameReady, StartTimedOut or Exited.
	Start struct {
		Worker     string
		Slot       int
		Generation int
		Revision   string
		Timeout    time.Duration
	}
	// Admit lets new connections come to a worker that is ready.
	Admit struct {
		Worker string
		How    record.ReadyProof
	}
	// Bury lets go of what was kept for a worker that is gone.
	Bury struct {
		Worker string
		Exit   record.Exit
	}
	// Drain tells a worker to stop; answered by Exited or DrainTimedOut.
	Drain struct {
		Worker  string
		Timeout time.Duration
	}
	// Abort has a worker that hangs leave a core dump, and kills it if that takes long; answered by Exited.
	Abort struct{ Worker string }
	// Kill ends a worker's process group at once; answered by Exited.
	Kill struct{ Worker string }
	// Retry asks for RetryDue after the delay that fits the number of deaths in a row.
	Retry struct{ Slot, Deaths int }
	// Count asks for Counted: at once, or a little after the latest count.
	Count struct{}
	// Publish publishes an event. The loop numbers it.
	Publish struct{ Event record.Event }
	// Shrink says that the slots from size on are removed, before their workers are told to drain.
	Shrink struct{ Size int }
	// Retire turns new clients away from the listeners that a generation has and the next has not, before
	// the last of its workers are told to drain.
	Retire struct{ Generation, Next int }
	// Restore undoes Retire.
	Restore struct{ Generation int }
	// RunChecks runs a round of checks; answered by Checked.
	RunChecks struct {
		Reload     string
		Generation int
		Revision   string
		Checks     []record.Check // those that the reload's callers asked for
		Batches    int
		Live       bool // no other generation accepts any more
		Again      bool // a round of the same workers went well when it was live
		Back       bool // of the previous generation, which serves again
		Commands   bool // may be run
	}
	// Prove probes a live reload until its generation has answered, or for a while; answered by Proved.
	Prove struct{ Reload string }
	// Wake asks for Awake after a time.
	Wake struct {
		Reload string
		Why    wakeReason
		Count  int
		After  time.Duration
	}
	// Serve says that every slot is served by the generation from now on.
	Serve struct{ Generation int }
	// CloseListeners closes the master's listening sockets.
	CloseListeners struct{}
	// Impossible reports a bug: the pool was about to make a transition that its diagrams forbid, and did not.
	Impossible struct{ Kind, ID, From, To string }
	// Finish ends the loop: the last worker is gone.
	Finish struct{}
)

func (Prepare) isEffect()        {}
func (Release) isEffect()        {}
func (Start) isEffect()          {}
func (Admit) isEffect()          {}
func (Bury) isEffect()           {}
func (Drain) isEffect()          {}
func (Abort) isEffect()          {}
func (Kill) isEffect()           {}
func (Shrink) isEffect()         {}
func (Retire) isEffect()         {}
func (Restore) isEffect()        {}
func (RunChecks) isEffect()      {}
func (Prove) isEffect()          {}
func (Wake) isEffect()           {}
func (Serve) isEffect()          {}
func (Retry) isEffect()          {}
func (Count) isEffect()          {}
func (Publish) isEffect()        {}
func (CloseListeners) isEffect() {}
func (Impossible) isEffect()     {}
func (Finish) isEffect()         {}
