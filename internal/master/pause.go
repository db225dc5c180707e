package master

import (
	"fmt"
	"time"
)

// Why a rotation that could go on does not.

// PauseReason is what a paused rotation waits for.
type PauseReason string

// The reasons.
const (
	PausedCanary  PauseReason = "canary"  // until it is promoted, or has soaked
	PausedBetween PauseReason = "between" // two batches
	PausedAsked   PauseReason = "asked"   // until somebody resumes it
)

// Pause is a rotation's waiting.
type Pause struct {
	Why   PauseReason
	Since time.Time
	Until time.Time // zero: until somebody says so
}

// held reports whether the rotation has to wait before the next batch, or, when every slot has changed,
// before it is live. It keeps the record of why.
func (p *pool) held(changed bool) bool {
	r := p.rotating
	canary := p.canaryWaits()
	if canary && p.canaryMissed() || p.unchecked() && (canary || !changed) { // a live reload is checked anyway
		return true
	}
	if canary {
		p.reachCanary()
	}
	switch {
	case r.asked:
		p.pause(PausedAsked, time.Time{})
	case canary:
		p.pause(PausedCanary, r.canaryUntil)
	case r.Strategy.PauseBetween > 0 && r.batches > r.rested && !changed:
		if r.resting < r.batches {
			r.resting, r.restUntil = r.batches, p.wakeAfter(pauseOver, r.batches, r.Strategy.PauseBetween)
		}
		p.pause(PausedBetween, r.restUntil)
	default:
		r.Paused = nil
		return false
	}
	return true
}

// pause begins a pause, unless it has begun.
func (p *pool) pause(why PauseReason, until time.Time) {
	r := p.rotating
	if r.Paused != nil && r.Paused.Why == why {
		return
	}
	r.Paused = &Pause{Why: why, Since: p.now, Until: until}
	p.tellReload(EventReloadProgress, r.Reload, r.State, r.progress()+r.Coverage.left())
}

// wakeAfter starts a clock, which runs on while somebody has the rotation paused, and returns when it ends.
func (p *pool) wakeAfter(why wakeReason, count int, after time.Duration) time.Time {
	if after <= 0 {
		return time.Time{}
	}
	p.want(wake{reload: p.rotating.ID, why: why, count: count, after: after})
	return p.now.Add(after)
}

// onAwake hears that a time is over that the rotation waits for.
func (p *pool) onAwake(f awake) {
	r := p.rotating
	if r == nil || r.ID != f.reload {
		return
	}
	switch f.why {
	case canaryOver:
		p.promote()
	case pauseOver:
		r.rested = max(r.rested, f.count)
	case soakOver:
		r.soaked = true
	case checkDue:
		r.checks.due = r.checks.due || f.count == r.checks.begun
	}
}

// describe says what a paused rotation waits for.
func (p Pause) describe() string {
	switch {
	case p.Why == PausedAsked:
		return "somebody has paused it, until it is resumed"
	case p.Why == PausedCanary && p.Until.IsZero():
		return "the canary waits to be promoted"
	case p.Why == PausedCanary:
		return fmt.Sprintf("the canary soaks for %s, or until it is promoted", p.Until.Sub(p.Since).Round(msec))
	}
	return fmt.Sprintf("it pauses for %s", p.Until.Sub(p.Since).Round(msec))
}
