package gauge

import (
	"slices"
	"time"

	"rota/internal/lapse"
)

// How a gauge looks for the proof that a live reload's generation serves: its answer to a probe at each listener where
// others have answered.

const (
	// proveEvery is the pause between two probes, at most.
	proveEvery = 10 * time.Millisecond
	// proveWithin is how long it may take, where answers don't take long.
	proveWithin = 2 * time.Second
)

// proof is what somebody waits for.
type proof struct {
	watch *lapse.Watch
	done  func() // is called once
}

// Prove has the gauge look for a proof, once. done is called when it is found, or will not be.
func (g *Gauge) Prove(done func()) { g.asked <- done }

// settleProof ends the search when it is over.
func (g *Gauge) settleProof() {
	if p := g.proof; p != nil && (g.proven() || g.hopeless()) {
		g.proof = nil
		g.publish()
		p.watch.Stop()
		p.done()
	}
}

// lacks reports whether the new generation has not answered since every slot has changed, where others have in the course of the reload.
func (t *ledger) lacks() bool { return t.served() && !t.proven }

// proven reports whether it has answered everywhere. Where nobody else has answered it is enough if it did somewhere.
func (g *Gauge) proven() bool {
	some := false
	for _, a := range g.targets() {
		t := g.ledger(a)
		if t.lacks() {
			return false
		}
		some = some || t.proven
	}
	return some
}

// hopeless reports whether it is time to give up: there is nothing to probe, or the time is over. It is longer where answers take long, and
// where a probe waits that may yet turn out to be a stall.
func (g *Gauge) hopeless() bool {
	if g.interval == 0 || len(g.targets()) == 0 {
		return true
	}
	within := max(proveWithin, 3*g.slowest())
	stalls := func(p *probing) bool {
		return g.ledger(p.listener).OK > 0 && p.watch.Took() > stallFrom
	}
	if slices.ContainsFunc(g.under, stalls) {
		within = knockPatience
	}
	return g.proof.watch.Took() >= min(within, knockPatience)
}
