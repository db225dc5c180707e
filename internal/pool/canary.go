package pool

import "rota/internal/record"

// The canary: slots that change first, whose workers are then tried before the others follow.

// forbidsCanary says why the request can't have the canary that it needs, or would take another caller's
// away; or nil. Only its plan can say for certain: the settings may change until that is made.
func (p *Pool) forbidsCanary(request record.ReloadRequest, now *Settings) error {
	both := request
	if p.queued != nil {
		both = p.queued.Merge(request)
	}
	strategy := record.Strategy{Canary: 1} // perhaps
	if now != nil {
		strategy = now.Strategy
	}
	switch {
	case request.NeedsCanary && both.Over(strategy).Canary == 0:
		return record.ErrNoCanary
	case both.NeedsCanary && both.Canary != nil && *both.Canary == 0:
		return conflict("another caller of the queued reload waits for its canary, and this one wants none; ask again when that reload has started")
	}
	return nil
}

// canaryWaits reports whether the canary is up and nobody has promoted it. A pool that has become smaller
// than the canary is a canary as a whole.
func (p *Pool) canaryWaits() bool {
	r := p.rotating
	if r.Strategy.Canary == 0 || !r.PromotedAt.IsZero() {
		return false
	}
	return !r.CanaryAt.IsZero() || p.slotsOf(r.Generation) >= min(r.Strategy.Canary, len(p.staying()))
}

// CanaryOnTrial reports whether the reload's canary can be tried, by checks and at its own address.
func (p *Pool) CanaryOnTrial(r *record.Reload) bool { return p.UnderWay() == r && p.canaryOnTrial() }

func (p *Pool) canaryOnTrial() bool {
	return p.Planned() && p.rotating.State == record.ReloadRolling && p.canaryWaits()
}

// mostVain is how many rounds of checks may miss a worker of the canary, because older workers accept too,
// until the rotation goes on without it and says so.
const mostVain = 10

// canaryMissed reports whether the checks went well and have not reached every worker of the canary yet.
func (p *Pool) canaryMissed() bool {
	r := p.rotating
	return r.CanaryAt.IsZero() && len(r.Coverage.Missed) > 0 && !r.Coverage.Unseen && r.checks.vain < mostVain
}

// reachCanary notes that the canary is ready and has passed its checks. The soak begins, also if somebody
// has paused the reload.
func (p *Pool) reachCanary() {
	r := p.rotating
	if !r.CanaryAt.IsZero() {
		return
	}
	r.CanaryAt = p.now
	p.wakeAfter(canaryOver, 0, r.Strategy.CanarySoak)
	if r.pausedByCaller() {
		p.tellReload(record.EventReloadProgress, r.reload, r.State, "the canary is up")
	}
}

// promote ends the pause after the canary, or prevents it.
func (p *Pool) promote() {
	if p.rotating.PromotedAt.IsZero() {
		p.rotating.PromotedAt = p.now
	}
	p.rotating.pauses.over = p.rotating.batches // that was pause enough
}

// promoteFor promotes the canary for a caller, once.
func (p *Pool) promoteFor(r *reload) {
	if r.Promoted() {
		return
	}
	message := "the canary is promoted"
	if r.CanaryAt.IsZero() {
		message = "the reload goes on without waiting for its canary"
	}
	p.promote()
	p.endPause(record.PausedCanary, message)
}
