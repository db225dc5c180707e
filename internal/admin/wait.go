package admin

import (
	"context"
	"time"

	"rota/internal/master"
)

// wait is what somebody waits for; its zero value is nothing.
type wait struct {
	target  waitTarget
	timeout time.Duration
	require requirement
}

// waitTarget is how far a reload has to come.
type waitTarget string

const (
	waitCanary    waitTarget = "canary"
	waitLive      waitTarget = waitTarget(master.ReloadLive)
	waitCompleted waitTarget = waitTarget(master.ReloadCompleted)
)

// requirement is without what a reload is not good enough.
type requirement string

const (
	requireLossless requirement = "lossless" // it is proven that no connection was lost
	requireCanary   requirement = "canary"   // nothing is started without a canary
)

// readWait reads it; one of the requirements may be made.
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

// needsCanary reports whether a reload without a canary would not do.
func (w wait) needsCanary() bool { return w.target == waitCanary || w.require == requireCanary }

// reaches returns the reload once it has come as far as that, or will not.
func (s *Server) reaches(ctx context.Context, id string, w wait) (master.Reload, error) {
	if w.target == waitCanary {
		return s.master.WaitCanary(ctx, id)
	}
	return s.master.Wait(ctx, id, master.ReloadState(w.target))
}

// over reports whether the reload has come as far as that, or will not.
func (w wait) over(r *master.Reload) bool {
	if w.target == waitCanary {
		return r.CanaryDecided()
	}
	return r.Reached(master.ReloadState(w.target))
}

// what is waited for, in words that follow "is not".
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
