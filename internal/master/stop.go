package master

import "slices"

// How the pool ends.

// stop lets every worker go and starts no other; now does not wait for their connections.
// Reloads that are not live are aborted.
func (p *pool) stop(now bool) {
	if !p.stopping {
		p.stopping = true
		p.want(closeListeners{})
		for _, r := range []*Reload{p.underWay(), p.queued} {
			if r != nil {
				r.Failure = becauseOfStop(r.Failure)
				p.abort(r, r.Failure.Message)
			}
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

// becauseOfStop is why a reload ends with the master, which may have been going back already.
func becauseOfStop(before *Failure) *Failure {
	why := Failure{Message: "the master was told to stop"}
	if before != nil {
		why = *before // readers have that one
		why.Message += "; then the master was told to stop"
	}
	why.Code, why.Stopping = MasterStops, true
	return &why
}

// endNow kills a worker. When the master stops that is what becomes of those that never got
// ready: each holds the listening sockets, and as long as it does the kernel queues
// connections for it that it will never accept.
func (p *pool) endNow(m *member) {
	if m.State != WorkerDraining {
		p.markDraining(m, "the master stops, and it was not ready yet")
	}
	p.want(kill{worker: m.ID})
}

// drainReady tells the others to leave once those are gone: so what is in the queue when the
// last of them lets go of the socket is answered.
func (p *pool) drainReady() {
	list := p.living()
	if slices.ContainsFunc(list, func(m *member) bool { return m.ReadyAt.IsZero() }) {
		return
	}
	for _, m := range list {
		p.dismiss(m, nil, "the master stops")
	}
}
