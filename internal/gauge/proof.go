package gauge

import (
	"slices"
	"time"

	"rota/internal/lapse"
)

// The proof that the generation of a live reload serves: its answer to a probe at each listener where others have
// answered.

const (
	// proveEvery is the pause between two probes, at most.
	proveEvery = 10 * time.Millisecond
	// proveWithin is how long it may take, where answers don't take long.
	proveWithin = 2 * time.Second
)

// proof is a search for it, for which somebody waits.
type proof struct {
	watch *lapse.Watch
	done  func() // is called once
}

// Prove makes the gauge look for a proof, once. It calls done when it has found one, or has given up.
func (g *Gauge) Prove(done func()) { g.prove <- done }

// settleProof ends the search when it is over.
func (g *Gauge) settleProof() {
	if p := g.proof; p != nil && (g.proven() || g.hopeless()) {
		g.proof = nil
		g.publish()
		p.watch.Stop()
		p.done()
	}
}

// lacksProof reports whether the new generation has not answered here since every slot has changed, although others
// have during the reload.
func (t *ledger) lacksProof() bool { return t.served() && !t.proven }

// proven reports whether the new generation has answered at one listener, and at each where others have.
func (g *Gauge) proven() bool {
	some := false
	for _, a := range g.targets() {
		t := g.ledger(a)
		if t.lacksProof() {
			return false
		}
		some = some || t.proven
	}
	return some
}

// hopeless reports whether it is time to give up: there is nothing to probe, or the time is over. There is more time
// if answers take long, or if a probe waits that may turn out to be a stall.
func (g *Gauge) hopeless() bool {
	if g.interval == 0 || len(g.targets()) == 0 {
		return true
	}
	within := max(proveWithin, 3*g.slowest())
	stalls := func(p *probe) bool {
		return g.ledger(p.listener).OK > 0 && p.watch.Took() > stallFrom
	}
	if slices.ContainsFunc(g.underWay, stalls) {
		within = longTimeout
	}
	return g.proof.watch.Took() >= min(within, longTimeout)
}
