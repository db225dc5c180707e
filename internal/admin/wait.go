package admin

import (
	"context"
	"time"

	"rota/internal/record"
)

// wait is what a client waits for; its zero value is nothing.
type wait struct {
	target  waitTarget
	timeout time.Duration
	require requirement
}

// waitTarget is what a reload has to reach.
type waitTarget string

const (
	waitCanary    waitTarget = "canary"
	waitLive      waitTarget = waitTarget(record.ReloadLive)
	waitCompleted waitTarget = waitTarget(record.ReloadCompleted)
)

// requirement is what a reload has to be, besides reaching its target.
type requirement string

const (
	requireLossless requirement = "lossless" // proven to have lost no connection
	requireCanary   requirement = "canary"   // refused unless it has a canary
)

// readWait reads the wait. The client may make one of the requirements.
func readWait(q query, requirements ...requirement) (w wait, err error) {
	target, err := q.choice("wait", []string{string(waitCanary), string(waitLive), string(waitCompleted)})
	if err != nil {
		return w, err
	}
	var known []string
	for _, r := range requirements {
		known = append(known, string(r))
	}
	require, err := q.choice("require", known)
	if err != nil {
		return w, err
	}
	w.target, w.require = waitTarget(target), requirement(require)
	if _, given := q["timeout"]; given && w.target == "" {
		return w, badField("timeout", "says how long to wait, but there is no wait=canary, wait=live or wait=completed")
	}
	if w.lossless() && w.target != waitCompleted {
		return w, badField("require", "whether a reload was lossless is known when it is completed: ask for wait=completed too")
	}
	w.timeout, err = q.duration("timeout", 2*time.Minute, time.Millisecond, time.Hour)
	return w, err
}

func (w wait) lossless() bool { return w.require == requireLossless }

// needsCanary reports whether the reload must have a canary.
func (w wait) needsCanary() bool { return w.target == waitCanary || w.require == requireCanary }

// reaches returns the reload once it has reached the target, or never will.
func (s *Server) reaches(ctx context.Context, id string, w wait) (record.Reload, error) {
	if w.target == waitCanary {
		return s.master.WaitCanary(ctx, id)
	}
	return s.master.Wait(ctx, id, record.ReloadState(w.target))
}

// over reports whether the reload has reached the target, or never will.
func (w wait) over(r *record.Reload) bool {
	if w.target == waitCanary {
		return r.CanaryDecided()
	}
	return r.Reached(record.ReloadState(w.target))
}

// what names the target, in words that follow "is not".
func (w wait) what() string {
	switch w.target {
	case waitCanary:
		return "at its canary"
	case waitLive:
		return "live for good"
	default:
		return string(w.target)
	}
}
