package pool

import (
	"fmt"

	"rota/internal/record"
)

// goLive makes the new generation the one that serves: a crash or a scale starts its workers from now on. The
// previous generation is kept while the reload is on trial.
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

// askForProof begins the search for a proof, if workers can be probed: that the new generation answers a
// probe at each listener where others have answered. The verdict waits for the search but does not depend on
// what it finds.
func (p *Pool) askForProof() {
	r := p.rotating
	if !p.terms[r.Generation].Provable {
		r.proof = partOver
		return
	}
	r.proof = partUnderWay
	p.want(Prove{Reload: r.ID})
}

// onProved notes that the search is over.
func (p *Pool) onProved(f Proved) {
	if r := p.rotating; r != nil && r.ID == f.Reload {
		r.proof = partOver
	}
}
