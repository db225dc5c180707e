package pool

import (
	"time"

	"rota/internal/record"
)

// checkEvery is the time from one round of checks to the next while a rotation waits.
const checkEvery = time.Second

// checkRounds is how far the checks of a rotation are.
type checkRounds struct {
	phase   checkPhase
	begun   int // rounds so far
	passed  int // batches that had changed when the latest round that passed began
	misses  int // rounds since then that have not reached every new worker
	covered int // batches that had changed when the latest round that asked workers began

	back trialPart // the check of the previous generation when it serves again
}

// checkPhase is what the checks of a rotation are doing.
type checkPhase int

const (
	checksIdle    checkPhase = iota // until slots change, or checkEvery is over
	checksDue                       // it is time for another round, although nothing has changed
	checksRunning                   // a round is under way
)

// checksWanted reports whether the reload that rotates has to pass checks.
func (p *Pool) checksWanted() bool {
	r := p.rotating
	return p.Planned() && (p.terms[r.Generation].Checks || len(r.Checks) > 0)
}

// unchecked reports whether slots have changed since the checks passed, or a round is under way. A pause or a
// soak does not end before that round: it may have failed in time and be reported late.
func (p *Pool) unchecked() bool {
	r := p.rotating
	return p.checksWanted() && (r.checks.phase == checksRunning || r.checks.passed < r.batches)
}

// askForChecks starts a round when slots have changed, and every checkEvery while the rotation waits.
func (p *Pool) askForChecks() {
	r := p.rotating
	if !p.checksWanted() || r.State == record.ReloadReverting || r.checks.phase == checksRunning || r.batches == 0 {
		return
	}
	if !p.unchecked() && r.checks.phase != checksDue {
		return
	}
	r.checks.phase = checksRunning
	r.checks.begun++
	live := r.State == record.ReloadLive
	p.want(RunChecks{Reload: r.ID, Generation: r.Generation, Revision: r.Revision, Checks: r.Checks, Batches: r.batches, Live: live,
		Again: live && r.checks.passed == r.batches, Commands: live || p.canaryOnTrial()})
}

// onChecked takes the result of a round: the rotation goes on, or reverts.
func (p *Pool) onChecked(f Checked) {
	r := p.rotating
	switch {
	case r == nil || r.ID != f.Reload || f.Back != (r.State == record.ReloadReverting):
		return
	case f.Back:
		p.onCheckedBack(f.Result)
		return
	case r.checks.phase != checksRunning:
		return
	}
	r.checks.phase = checksIdle
	p.cover(f)
	r.ChecksPassed += f.Result.Passed
	if f.Result.OK {
		if len(r.Coverage.Missed) == 0 || r.checks.passed != f.Batches {
			r.checks.misses = 0
		}
		r.checks.misses++
		r.checks.passed = f.Batches
		p.wakeAfter(checkDue, r.checks.begun, checkEvery)
		return
	}
	r.ChecksFailed++
	why := &record.Failure{Code: record.CheckFailed, Message: f.Result.Message, Output: f.Result.Output}
	if m := p.workers[f.Result.Worker]; m != nil {
		why.WorkerID, why.Slot = m.ID, m.Slot
		p.step(r.reload, "failed", m, why.Message)
	}
	p.turnBack(why)
}
