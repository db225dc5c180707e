package master

import "fmt"

// How the generation before is checked when it serves again. Files that a program opens by itself are not pinned, so
// that who edits them in place has changed it, too.

// checkBack has it checked once, if it was started again and there are checks, and then ends the rotation.
func (p *pool) checkBack() {
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
	p.want(check{reload: r.ID, generation: r.before, revision: p.revisions[r.before], checks: r.Checks, live: true, back: true, commands: true})
	p.tellReload(EventReloadProgress, r.Reload, ReloadReverting, fmt.Sprintf("generation %d serves again, and is checked", r.before))
}

// onCheckedBack says so if the generation before is not well.
func (p *pool) onCheckedBack(result Result) {
	r := p.rotating
	if r.checks.back != partUnderWay {
		return
	}
	r.checks.back = partOver
	if result.OK {
		return
	}
	both := *r.Failure // readers have the one before
	both.Message += fmt.Sprintf("; generation %d, which serves again, does not pass the checks either: %s", r.before, result.Message)
	both.Unwell = true
	r.Failure = &both
	if m := p.workers[result.Worker]; m != nil {
		p.step(r.Reload, "failed", m, result.Message)
	}
}
