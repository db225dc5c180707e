package pool

import (
	"time"

	"rota/internal/record"
)

// pauses are the pauses between batches. Each batch but the last is followed by one.
type pauses struct {
	begun int       // batches that had changed when the latest pause began
	until time.Time // when that pause ends
	over  int       // batches whose pause is over
}

// awaitsChecks reports whether the next step needs checks that are not done. Once every slot has changed,
// the reload goes live without them: a live reload is checked anyway.
func (p *Pool) awaitsChecks(allChanged bool) bool {
	canary := p.canaryWaits()
	return canary && p.canaryMissed() || p.unchecked() && (canary || !allChanged)
}

// reasonToPause is why the rotation has to wait before the next batch or, when every slot has changed, before
// it is live; "" if it need not.
func (p *Pool) reasonToPause(allChanged bool) record.PauseReason {
	r := p.rotating
	switch {
	case r.pausedByCaller():
		return record.PausedAsked
	case p.canaryWaits():
		return record.PausedCanary
	case r.Strategy.PauseBetween > 0 && r.batches > r.pauses.over && !allChanged:
		return record.PausedBetween
	}
	return ""
}

// pausedByCaller reports whether a caller has paused the rotation, and none has resumed it.
func (r *rotation) pausedByCaller() bool {
	return r.Paused != nil && r.Paused.Why == record.PausedAsked
}

// pause begins a pause, unless it has begun.
func (p *Pool) pause(why record.PauseReason) {
	r := p.rotating
	if why == record.PausedBetween && r.pauses.begun < r.batches {
		r.pauses.begun, r.pauses.until = r.batches, p.wakeAfter(pauseOver, r.batches, r.Strategy.PauseBetween)
	}
	if r.Paused != nil && r.Paused.Why == why {
		return
	}
	r.Paused = &record.Pause{Why: why, Since: p.now, Until: r.pausedUntil(why)}
	p.tellReload(record.EventReloadProgress, r.reload, r.State, r.Summary()+r.Coverage.Unreached())
}

// pausedUntil is when a pause ends by itself; zero if it does not.
func (r *rotation) pausedUntil(why record.PauseReason) time.Time {
	switch {
	case why == record.PausedBetween:
		return r.pauses.until
	case why == record.PausedCanary && r.Strategy.CanarySoak > 0:
		return r.CanaryAt.Add(r.Strategy.CanarySoak)
	}
	return time.Time{}
}

// wakeAfter starts a timer and returns when it ends. The timer runs on while a caller has the rotation paused.
func (p *Pool) wakeAfter(why wakeReason, count int, after time.Duration) time.Time {
	if after <= 0 {
		return time.Time{}
	}
	p.want(Wake{Reload: p.rotating.ID, Why: why, Count: count, After: after})
	return p.now.Add(after)
}

// onAwake ends what the rotation was waiting for.
func (p *Pool) onAwake(f Awake) {
	r := p.rotating
	if r == nil || r.ID != f.Reload {
		return
	}
	switch f.Why {
	case canaryOver:
		p.promote()
	case pauseOver:
		r.pauses.over = max(r.pauses.over, f.Count)
	case soakOver:
		r.soak = partOver
	case checkDue:
		if f.Count == r.checks.begun && r.checks.phase == checksIdle {
			r.checks.phase = checksDue
		}
	}
}
