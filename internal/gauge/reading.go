package gauge

import (
	"time"

	"rota/internal/listen"
	"rota/internal/record"
)

// Reading is what was measured up to now. It reads the kernel's counters anew, and the listeners' if those have
// grown. The loop never calls it, because it takes a while.
func (g *Gauge) Reading() record.Measured {
	<-g.lossesSet
	m := *g.reading.Load()
	m.Overflows, m.Drops, m.CountersKnown = g.losses.read()
	if m.Drops > 0 || m.Overflows > 0 {
		if queues, err := g.Queues(); err == nil {
			g.drops.note(queues)
		}
	}
	m.ListenerDrops = g.drops.count()
	return m
}

// sample looks at the queues. If the kernel does not tell, the last reading stays.
func (g *Gauge) sample() {
	g.looked = time.Now()
	queues, err := g.Queues()
	if err != nil {
		return
	}
	g.drops.note(queues)
	for _, q := range queues {
		g.deepest = max(g.deepest, int(q.Depth))
	}
}

// publish stores the reading. A probe that has waited so long that it may be a stall counts as if it had been given
// up now.
func (g *Gauge) publish() {
	m := record.Measured{DeepestQueue: g.deepest}
	for _, a := range g.order {
		t := *g.ledgers[a.Address]
		for _, p := range g.underWay {
			if p.listener == a && p.watch.Took() > stallFrom {
				t.count(p.sent, p.unanswered(), g.generation)
			}
		}
		t.report(&m, a.Name)
	}
	g.reading.Store(&m)
}

func (g *Gauge) ledger(a listen.Spec) *ledger {
	t := g.ledgers[a.Address]
	if t == nil {
		t = &ledger{}
		g.ledgers[a.Address] = t
		g.order = append(g.order, a)
	}
	return t
}
