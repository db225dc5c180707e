package pool

import (
	"fmt"

	"rota/internal/record"
)

// How the previous generation is checked when it serves again. Files that a program opens by itself are not
// pinned, so editing them in place changes the previous generation too.

// checkBack ends the rotation, after a check of the previous generation if it was started again and there
// are checks.
func (p *Pool) checkBack() {
	r := p.rotating
	switch r.checks.back {
	case partUnderWay:
		return
	case partOver:
		p.endBack()
		return
	case partAhead:
	}
	r.checks.back = partUnderWay
	p.want(RunChecks{Reload: r.ID, Generation: r.before, Revision: p.revisions[r.before], Checks: r.Checks, Live: true, Back: true, Commands: true})
	p.tellReload(record.EventReloadProgress, r.reload, record.ReloadReverting, fmt.Sprintf("generation %d serves again, and is checked", r.before))
}

// onCheckedBack adds to the failure if the previous generation does not pass its check.
func (p *Pool) onCheckedBack(result record.Result) {
	r := p.rotating
	if r.checks.back != partUnderWay {
		return
	}
	r.checks.back = partOver
	if result.OK {
		return
	}
	both := *r.Failure // readers share the old one
	both.Message += fmt.Sprintf("; generation %d, which serves again, does not pass the checks either: %s", r.before, result.Message)
	both.Unwell = true
	r.Failure = &both
	if m := p.workers[result.Worker]; m != nil {
		p.step(r.reload, "failed", m, result.Message)
	}
}
