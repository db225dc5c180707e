package pool

import (
	"fmt"

	"rota/internal/record"
)

// How a rotation is judged once every slot has changed.

// goLive makes the new generation the one that serves, and that a crash or a scale starts from now on. The
// previous one is kept for as long as the reload is on trial.
func (p *Pool) goLive() {
	r := p.rotating
	r.batches++
	p.generation = r.Generation
	p.shrinkToPlan()
	p.measure(r.reload)
	r.Paused = nil
	p.want(Serve{Generation: r.Generation})
	r.TrialEndsAt = p.wakeAfter(soakOver, 0, r.Strategy.Soak)
	r.soak = partUnderWay
	if r.TrialEndsAt.IsZero() {
		r.soak = partOver
	}
	p.askForProof()
	passed := p.passed()
	if passed {
		p.endRotation(r.before)
	}
	message := fmt.Sprintf("generation %d serves every slot, %s", r.Generation, record.Plural(r.Draining, "older worker drains", "older workers drain"))
	if !passed {
		message += "; it is on trial" + p.trialLength()
	}
	p.moveReload(r.reload, record.ReloadLive, message)
}

func (p *Pool) trialLength() string {
	if soak := p.rotating.Strategy.Soak; soak > 0 {
		return " for " + soak.String()
	}
	if p.unchecked() {
		return " until it is checked"
	}
	return " until it has answered a probe"
}

// passed reports whether the live reload has passed its trial.
func (p *Pool) passed() bool {
	return p.rotating.soak == partOver && p.rotating.proof == partOver && !p.unchecked()
}

// judge ends the trial of a live reload, when it is time.
func (p *Pool) judge() {
	r := p.rotating
	if !p.passed() {
		return
	}
	p.endRotation(r.before)
	p.tellReload(record.EventReloadProgress, r.reload, record.ReloadLive, fmt.Sprintf("generation %d has passed its trial%s", r.Generation, r.Coverage.Unreached()))
}

// A live reload is proven when its generation was seen to answer a probe at each listener where others
// answered. The search decides nothing but what may be said of the reload. The verdict waits for it.

// askForProof begins the search, if workers can be probed.
func (p *Pool) askForProof() {
	r := p.rotating
	if !p.terms[r.Generation].Provable {
		r.proof = partOver
		return
	}
	r.proof = partUnderWay
	p.want(Prove{Reload: r.ID})
}

// onProved ends the search, whatever was found.
func (p *Pool) onProved(f Proved) {
	if r := p.rotating; r != nil && r.ID == f.Reload {
		r.proof = partOver
	}
}
