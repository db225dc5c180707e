package gauge

import (
	"context"
	"slices"
	"time"

	"rota/internal/lapse"
	"rota/internal/listen"
)

// How the gauge has several probes under way. One at a time is enough where they are answered; when one takes long, others go on
// beside it, one a second: whoever stands behind it in the queue waits as long.

const (
	// knockTimeout is how long a probe may take where none was ever answered: some programs wait for their client to speak, and
	// are not to be left with many.
	knockTimeout = time.Second
	// knockPatience is how long it may take elsewhere, so that the length of a stall is known. The first ones may as well, so that
	// it is known of a slow program that it is one.
	knockPatience = 10 * time.Second
)

// probing is a probe that is under way.
type probing struct {
	sent
	listener listen.ListenAddress
	watch    *lapse.Watch
	cancel   context.CancelFunc
	by       holder // as far as is known by now, as the next
	accepted takeUp
}

// unanswered is what it would be, were it given up now.
func (p *probing) unanswered() knocked {
	return knocked{how: knockUnanswered, took: p.watch.Took(), by: p.by, accepted: p.accepted}
}

// send makes a probe. Where others were answered before anybody saw by whom, it finds out first whether only the new generation can.
func (g *Gauge) send(ctx context.Context, a listen.ListenAddress) {
	g.turn++
	ctx, cancel := context.WithCancel(ctx)
	p := &probing{sent: sent{g.turn, phase(g.phase.Load())}, listener: a, watch: lapse.StartWatch(), cancel: cancel, accepted: acceptedNot}
	g.under = append(g.under, p)
	unseen := g.Alone != nil && p.phase == PhaseAfter && g.ledger(a).Unknown > 0
	taken := func(h holder) { g.tell(func() { p.by, p.accepted = h, acceptedSilent }) }
	go func() {
		alone := unseen && g.Alone()
		k := g.Knock(ctx, a, taken)
		if alone && k.how == knockAnswered && k.by.generation == 0 {
			k.by.generation = g.generation
		}
		g.tell(func() { g.over(p, k) })
	}()
}

// tell has the gauge's goroutine do something, if it runs.
func (g *Gauge) tell(f func()) {
	select {
	case g.news <- f:
	case <-g.Ended:
	}
}

// over counts a probe.
func (g *Gauge) over(p *probing, k knocked) {
	g.under = slices.DeleteFunc(g.under, func(other *probing) bool { return other == p })
	if k.how == knockUnanswered {
		k.took = p.watch.Took()
	}
	p.watch.Stop()
	p.cancel()
	if k.how == knockAnswered || g.stillThere(p.listener) {
		g.ledger(p.listener).count(p.sent, k, g.generation)
	}
}

// busy reports whether the latest probe has not had enough time yet to be answered.
func (g *Gauge) busy() bool {
	if len(g.under) == 0 {
		return false
	}
	return g.under[len(g.under)-1].watch.Took() < max(stallFrom, 2*g.slowest())
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
	for _, p := range g.under {
		timeout := knockPatience
		if p.phase > phaseBefore && g.ledger(p.listener).OK == 0 {
			timeout = knockTimeout
		}
		if p.watch.Took() >= timeout {
			p.cancel()
		}
	}
}

// leave ends all of them, and the search for a proof.
func (g *Gauge) leave() {
	if g.proof != nil {
		g.proof.watch.Stop()
	}
	for _, p := range g.under {
		p.watch.Stop()
		p.cancel()
	}
}
