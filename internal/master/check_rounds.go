package master

import "time"

// When the workers of a rotation are checked, and what follows from it.

// checkEvery is how long after one round of checks another is due, while a rotation waits.
const checkEvery = time.Second

// checkRounds is how far the checks of a rotation are.
type checkRounds struct {
	phase   checkPhase
	begun   int // rounds so far
	passed  int // batches that had changed when the latest round that went well began
	vain    int // rounds since then that have not reached every new worker
	covered int // batches that had changed when the latest round began that asked workers

	back trialPart // the check of the previous generation when it serves again
}

// checkPhase is what the checks of a rotation are doing.
type checkPhase int

const (
	checksIdle    checkPhase = iota // until slots change, or some time is over
	checksDue                       // it is time for another round, although nothing has changed
	checksRunning                   // a round is under way
)

// checksWanted reports whether the reload that rotates has to pass checks.
func (p *pool) checksWanted() bool {
	r := p.rotating
	return p.planned() && (p.terms[r.Generation].checks || len(r.Checks) > 0)
}

// unchecked reports whether slots have changed since the checks went well, or a round is under way. A pause
// or a soak that is over does not end before that round: it may have failed in time and be reported late.
func (p *pool) unchecked() bool {
	r := p.rotating
	return p.checksWanted() && (r.checks.phase == checksRunning || r.checks.passed < r.batches)
}

// askForChecks starts a round when slots have changed, and every checkEvery while the rotation waits.
func (p *pool) askForChecks() {
	r := p.rotating
	if !p.checksWanted() || r.State == ReloadReverting || r.checks.phase == checksRunning || r.batches == 0 {
		return
	}
	if !p.unchecked() && r.checks.phase != checksDue {
		return
	}
	r.checks.phase = checksRunning
	r.checks.begun++
	live := r.State == ReloadLive
	p.want(check{reload: r.ID, generation: r.Generation, revision: r.Revision, checks: r.Checks, batches: r.batches, live: live,
		again: live && r.checks.passed == r.batches, commands: live || p.canaryOnTrial(r.Reload)})
}

// onChecked judges a round of checks.
func (p *pool) onChecked(f checked) {
	r := p.rotating
	switch {
	case r == nil || r.ID != f.reload || f.back != (r.State == ReloadReverting):
		return
	case f.back:
		p.onCheckedBack(f.result)
		return
	case r.checks.phase != checksRunning:
		return
	}
	r.checks.phase = checksIdle
	p.cover(f)
	r.ChecksPassed += f.result.Passed
	if f.result.OK {
		if len(r.Coverage.Missed) == 0 || r.checks.passed != f.batches {
			r.checks.vain = 0
		}
		r.checks.vain++
		r.checks.passed = f.batches
		p.wakeAfter(checkDue, r.checks.begun, checkEvery)
		return
	}
	r.ChecksFailed++
	why := &Failure{Code: CheckFailed, Message: f.result.Message, Output: f.result.Output}
	if m := p.workers[f.result.Worker]; m != nil {
		why.WorkerID, why.Slot = m.ID, m.Slot
		p.step(r.Reload, "failed", m, why.Message)
	}
	p.turnBack(why)
}
