package pool

import "fmt"

// What a caller may ask of a reload that is under way.

// forbids says why the state of the reload does not allow the verb, or nil.
func (p *Pool) forbids(r *reload, verb Verb) error {
	if verb == VerbAbort && r.State == ReloadAborted || verb.promotes() && r.promoted() {
		return nil
	}
	if r.State.Terminal() {
		return conflict("the reload has ended: it is %s; what serves now is generation %d", r.State, p.Generation)
	}
	if r.State == ReloadLive && !p.rotates(r) {
		return conflict("the reload is live and no longer on trial; to have the program of before again, put it back and reload")
	}
	if r.State == ReloadReverting {
		if verb == VerbAbort && r.Failure.Code == AbortAsked {
			return nil
		}
		return conflict("the reload is going back already: %s", r.Failure.Message)
	}
	if verb == VerbAbort {
		return nil
	}
	return p.forbidsGoing(r, verb)
}

// forbidsGoing is forbids for the verbs that need a rolling reload.
func (p *Pool) forbidsGoing(r *reload, verb Verb) error {
	switch {
	case r.State == ReloadQueued:
		return conflict("the reload has not begun; it waits for the one before it")
	case r.State == ReloadLive:
		return conflict("every slot has changed already; until the verdict the reload can only be aborted")
	case verb.promotes() && !p.Planned():
		return conflict("the reload has only just begun; ask again in a moment")
	case verb.promotes() && r.Strategy.Canary == 0:
		return conflict("the reload has no canary to promote")
	case verb == VerbPromote && r.CanaryAt.IsZero():
		return conflict("the canary is not up yet, or has not passed its checks yet; wait for it (wait=canary, or rota reload --follow %s --wait=canary), "+
			"or do without it (skip_canary=true, or rota promote --skip-canary)", r.ID)
	}
	return nil
}

// control does what a caller asks of a reload, if its state allows it.
func (p *Pool) control(c ControlReload) error {
	r := p.reload(c.Reload)
	if r == nil {
		return ErrNoReload
	}
	if p.Stopping && !r.State.Terminal() {
		return ErrStopping
	}
	if err := p.forbids(r, c.Verb); err != nil {
		return err
	}
	switch c.Verb {
	case VerbAbort:
		p.abortFor(r, c.Reason)
	case VerbPause:
		p.pause(PausedAsked)
	case VerbResume:
		p.resume()
	case VerbPromote, VerbSkipCanary:
		p.promoteFor(r)
	}
	return nil
}

func (p *Pool) resume() {
	if p.rotating.pausedByCaller() {
		p.endPause(PausedAsked, "the reload is resumed")
	}
}

// endPause ends a pause.
func (p *Pool) endPause(why PauseReason, message string) {
	r := p.rotating
	if r.Paused != nil && r.Paused.Why == why {
		r.Paused = nil
	}
	p.tellReload(EventReloadProgress, r.reload, r.State, message)
}

// abortFor aborts a reload for a caller. Slots that have changed are reverted first.
func (p *Pool) abortFor(r *reload, reason string) {
	why := "somebody asked for that"
	if reason != "" {
		why = reason
	}
	switch {
	case r.State.Terminal() || r.State == ReloadReverting: // done, or being done
	case r == p.queued:
		p.queued = nil
		delete(p.revisions, r.Generation)
		p.abort(r, why)
	case !p.Planned(): // nothing has changed
		r.Failure = &Failure{Code: AbortAsked, Message: why}
		p.endAborted(r.Generation)
	default:
		p.turnBack(&Failure{Code: AbortAsked, Message: why})
	}
}

func conflict(format string, args ...any) error {
	return &ConflictError{fmt.Sprintf(format, args...)}
}
