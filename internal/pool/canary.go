package pool

import "rota/internal/record"

// The canary is the slots that change first. Their workers are tried before the others follow.

// forbidsCanary says why the request can't have the canary that it needs, or why it would take away the
// canary of another caller; or nil. The answer is a guess: the settings may change before the reload's plan
// is made.
func (p *Pool) forbidsCanary(request record.ReloadRequest, now *Settings) error {
	both := request
	if p.queued != nil {
		both = p.queued.Merge(request)
	}
	strategy := record.Strategy{Canary: 1} // the settings are unknown: they may have one
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

// canaryWaits reports whether the canary is up and nobody has promoted it. If the pool has become smaller
// than the canary, the whole pool is the canary.
func (p *Pool) canaryWaits() bool {
	r := p.rotating
	if r.Strategy.Canary == 0 || !r.PromotedAt.IsZero() {
		return false
	}
	return !r.CanaryAt.IsZero() || p.slotsOf(r.Generation) >= min(r.Strategy.Canary, len(p.staying()))
}

// CanaryOnTrial reports whether the reload's canary is up and waits, so that checks and callers can try it.
func (p *Pool) CanaryOnTrial(r *record.Reload) bool { return p.UnderWay() == r && p.canaryOnTrial() }

func (p *Pool) canaryOnTrial() bool {
	return p.Planned() && p.rotating.State == record.ReloadRolling && p.canaryWaits()
}

// mostMisses is how many rounds of checks may fail to reach a worker of the canary: older workers accept from
// the same listeners. After that the rotation goes on and says which worker was not reached.
const mostMisses = 10

// canaryMissed reports whether the checks passed, but have not reached every worker of the canary yet.
func (p *Pool) canaryMissed() bool {
	r := p.rotating
	return r.CanaryAt.IsZero() && len(r.Coverage.Missed) > 0 && !r.Coverage.Unseen && r.checks.misses < mostMisses
}

// reachCanary notes that the canary is ready and has passed its checks. The soak begins even if a caller has
// paused the reload.
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
	p.rotating.pauses.over = p.rotating.batches // no pause between batches follows
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
