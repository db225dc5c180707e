package master

import "time"

// An effect is something that the pool wants done. The loop does it, and its result comes back as a fact.
type effect interface{ isEffect() }

// wakeReason is what a rotation waits for by the clock.
type wakeReason int

const (
	canaryOver wakeReason = iota // the canary has soaked
	pauseOver                    // between two batches
	soakOver                     // of a live reload
	checkDue                     // although nothing has changed
)

type (
	// prepare makes the plan of a generation; answered by prepared.
	prepare struct{ generation int }
	// release says that no worker of the generation will be started any more.
	release struct{ generation int }
	// start forks a worker; answered by forked and becameReady, startTimedOut or exited.
	start struct {
		worker     string
		slot       int
		generation int
		revision   string
		timeout    time.Duration
	}
	// admit lets new connections come to a worker that is ready.
	admit struct {
		worker string
		how    Readied
	}
	// bury lets go of what was kept for a worker that is gone.
	bury struct {
		worker string
		exit   Exit
	}
	// drain tells a worker to stop; answered by exited or drainTimedOut.
	drain struct {
		worker  string
		timeout time.Duration
	}
	// abort has a worker that hangs leave a core dump, and kills it if that takes long;
	// answered by exited.
	abort struct{ worker string }
	// kill ends a worker's process group at once; answered by exited.
	kill struct{ worker string }
	// retry asks for retryDue after the delay that fits the number of deaths in a row.
	retry struct{ slot, deaths int }
	// count asks for counted: at once, or a little after the latest.
	count struct{}
	// publish publishes an event. The loop numbers it.
	publish struct{ event Event }
	// shrink says that the slots from size on are removed, before their workers are told to drain.
	shrink struct{ size int }
	// retire turns new clients away from the listeners that a generation has and the next has not, before
	// the last of its workers are told to drain.
	retire struct{ generation, next int }
	// restore undoes retire.
	restore struct{ generation int }
	// check runs a round of checks; answered by checked.
	check struct {
		reload     string
		generation int
		revision   string
		checks     []Check // those that the reload's callers asked for
		batches    int
		live       bool // no other generation accepts any more
		again      bool // a round of the same workers went well when it was live
		back       bool // of the previous generation, which serves again
		commands   bool // may be run
	}
	// prove probes a live reload until its generation has answered, or for a while; answered by proved.
	prove struct{ reload string }
	// wake asks for awake after a time.
	wake struct {
		reload string
		why    wakeReason
		count  int
		after  time.Duration
	}
	// serve says that every slot is served by the generation from now on.
	serve struct{ generation int }
	// closeListeners closes the master's listening sockets.
	closeListeners struct{}
	// impossible reports a bug: the pool was about to make a transition that its diagrams forbid, and did not.
	impossible struct{ kind, id, from, to string }
	// finish ends the loop: the last worker is gone.
	finish struct{}
)

func (prepare) isEffect()        {}
func (release) isEffect()        {}
func (start) isEffect()          {}
func (admit) isEffect()          {}
func (bury) isEffect()           {}
func (drain) isEffect()          {}
func (abort) isEffect()          {}
func (kill) isEffect()           {}
func (shrink) isEffect()         {}
func (retire) isEffect()         {}
func (restore) isEffect()        {}
func (check) isEffect()          {}
func (prove) isEffect()          {}
func (wake) isEffect()           {}
func (serve) isEffect()          {}
func (retry) isEffect()          {}
func (count) isEffect()          {}
func (publish) isEffect()        {}
func (closeListeners) isEffect() {}
func (impossible) isEffect()     {}
func (finish) isEffect()         {}
