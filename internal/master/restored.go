package master

import "fmt"

// How the previous generation is checked when it serves again. Files that a program opens by itself are not
// pinned, so editing them in place changes the previous generation too.

// checkBack ends the rotation, after a check of the previous generation if it was started again and there
// are checks.
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

// onCheckedBack adds to the failure if the previous generation does not pass its check.
func (p *pool) onCheckedBack(result Result) {
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
		p.step(r.Reload, "failed", m, result.Message)
	}
}
