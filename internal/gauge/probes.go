package gauge

import (
	"context"
	"slices"
	"time"

	"rota/internal/lapse"
	"rota/internal/listen"
)

// A gauge has one probe under way at a time as long as they are answered. If one takes long, others follow it, one a
// second: a client behind it in the queue waits as long.

const (
	// shortTimeout is how long a probe may take at a listener where none was ever answered. Some programs wait for
	// the client to speak, and should not be left with many probes.
	shortTimeout = time.Second
	// longTimeout is how long a probe may take elsewhere, so that the length of a stall is known. The first probes
	// have as long, so that a slow program is known to be slow.
	longTimeout = 10 * time.Second
)

// probe is one that is under way.
type probe struct {
	sent
	listener   listen.Spec
	watch      *lapse.Watch
	cancel     context.CancelFunc
	generation int        // that has accepted it, as far as is known by now
	acceptance acceptance // likewise
}

// unanswered is its outcome if it were given up now.
func (p *probe) unanswered() outcome {
	return outcome{result: unanswered, took: p.watch.Took(), generation: p.generation, acceptance: p.acceptance}
}

// probeAll sends the first probe to every listener, to learn how they answer before the reload changes anything.
func (g *Gauge) probeAll(ctx context.Context) {
	g.sample()
	g.latest = time.Now()
	if g.interval > 0 {
		for _, a := range g.targets() {
			g.send(ctx, a)
		}
	}
}

// send makes a probe. If others were answered and nobody saw by whom, it first finds out whether only the new
// generation can answer.
func (g *Gauge) send(ctx context.Context, a listen.Spec) {
	g.turn++
	ctx, cancel := context.WithCancel(ctx)
	p := &probe{sent: sent{g.turn, Phase(g.phase.Load())}, listener: a, watch: lapse.StartWatch(), cancel: cancel, acceptance: notAccepted}
	g.underWay = append(g.underWay, p)
	unseen := g.Alone != nil && p.phase == PhaseAfter && g.ledger(a).Unknown > 0
	onAccepted := func(generation int) {
		g.tell(func() { p.generation, p.acceptance = generation, accepted })
	}
	go func() {
		alone := unseen && g.Alone()
		o := g.probe(ctx, a, onAccepted)
		if alone && o.result == answered && o.generation == 0 {
			o.generation = g.generation
		}
		g.tell(func() { g.finish(p, o) })
	}()
}

// tell runs f in the gauge's goroutine, unless that has ended.
func (g *Gauge) tell(f func()) {
	select {
	case g.news <- f:
	case <-g.ended:
	}
}

// finish counts a probe that is over.
func (g *Gauge) finish(p *probe, o outcome) {
	g.underWay = slices.DeleteFunc(g.underWay, func(other *probe) bool { return other == p })
	if o.result == unanswered {
		o.took = p.watch.Took()
	}
	p.watch.Stop()
	p.cancel()
	if o.result == answered || g.isEndpoint(p.listener) {
		g.ledger(p.listener).count(p.sent, o, g.generation)
	}
}

// busy reports whether the latest probe still has time to be answered.
func (g *Gauge) busy() bool {
	if len(g.underWay) == 0 {
		return false
	}
	return g.underWay[len(g.underWay)-1].watch.Took() < max(stallFrom, 2*g.slowest())
}

// slowest is how long an answer has taken so far, at most.
func (g *Gauge) slowest() (longest time.Duration) {
	for _, t := range g.ledgers {
		longest = max(longest, slices.Max(t.slowest[:]))
	}
	return longest
}

// giveUp ends the probes that have waited for too long.
func (g *Gauge) giveUp() {
	for _, p := range g.underWay {
		timeout := longTimeout
		if p.phase > PhaseBefore && g.ledger(p.listener).OK == 0 {
			timeout = shortTimeout
		}
		if p.watch.Took() >= timeout {
			p.cancel()
		}
	}
}

// callOff ends all probes, and the search for a proof.
func (g *Gauge) callOff() {
	if g.proof != nil {
		g.proof.watch.Stop()
	}
	for _, p := range g.underWay {
		p.watch.Stop()
		p.cancel()
	}
}
