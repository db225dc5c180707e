package pool

import (
	"fmt"

	"rota/internal/record"
)

// checkBack ends a rotation that has reverted. If workers of the previous generation were started for that,
// they are checked first: a file that the program opens by itself may have been edited in place, and then
// they have it too.
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

// onCheckedBack adds to the failure if the previous generation does not pass its checks.
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
