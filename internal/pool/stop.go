package pool

import (
	"slices"

	"rota/internal/record"
)

// stop drains every worker, or kills them if now is set, and starts no others. Reloads under way are aborted,
// except live ones that have passed their trial.
func (p *Pool) stop(now bool) {
	if !p.stopping {
		p.stopping = true
		p.want(CloseListeners{})
		if p.rotating != nil {
			p.abortWithMaster(p.rotating.reload)
		}
		if p.queued != nil {
			p.abortWithMaster(p.queued)
		}
		p.rotating, p.queued = nil, nil
		p.judgeLive()
		for _, s := range p.slots {
			*s = slot{number: s.number}
		}
	}
	for _, m := range p.living() {
		if now {
			p.dismiss(m, nil, "the master stops at once")
		}
		if now || m.ReadyAt.IsZero() {
			p.endNow(m)
		}
	}
}

// abortWithMaster aborts a reload because the master stops.
func (p *Pool) abortWithMaster(r *reload) {
	r.Failure = becauseOfStop(r.Failure)
	p.abort(r, r.Failure.Message)
}

// becauseOfStop is the failure of a reload that ends because the master stops. It may have been reverting
// already.
func becauseOfStop(before *record.Failure) *record.Failure {
	why := record.Failure{Message: "the master was told to stop"}
	if before != nil {
		why = *before // readers share the old one
		why.Message += "; then the master was told to stop"
	}
	why.Code, why.Stopping = record.MasterStops, true
	return &why
}

// endNow kills a worker. When the master stops, workers that never got ready are killed: while a worker holds
// the listening sockets, the kernel queues connections at them, and this one would never accept them.
func (p *Pool) endNow(m *member) {
	if m.State != record.WorkerDraining {
		p.markDraining(m, "the master stops, and it was not ready yet")
	}
	p.want(Kill{Worker: m.ID})
}

// drainReady drains the ready workers once the others are gone, so that they still answer the connections
// that are queued then.
func (p *Pool) drainReady() {
	list := p.living()
	if slices.ContainsFunc(list, func(m *member) bool { return m.ReadyAt.IsZero() }) {
		return
	}
	for _, m := range list {
		p.dismiss(m, nil, "the master stops")
	}
}
