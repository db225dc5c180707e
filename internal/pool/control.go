package pool

import (
	"fmt"

	"rota/internal/record"
)

// forbids says why the reload's state does not allow the verb, or nil.
func (p *Pool) forbids(r *reload, verb record.Verb) error {
	if verb == record.VerbAbort && r.State == record.ReloadAborted || verb.Promotes() && r.Promoted() {
		return nil
	}
	if r.State.Terminal() {
		return conflict("the reload has ended: it is %s; what serves now is generation %d", r.State, p.generation)
	}
	if r.State == record.ReloadLive && !p.rotates(r) {
		return conflict("the reload is live and no longer on trial; to have the program of before again, put it back and reload")
	}
	if r.State == record.ReloadReverting {
		if verb == record.VerbAbort && r.Failure.Code == record.AbortAsked {
			return nil
		}
		return conflict("the reload is going back already: %s", r.Failure.Message)
	}
	if verb == record.VerbAbort {
		return nil
	}
	return p.forbidsGoing(r, verb)
}

// forbidsGoing is forbids for pause, resume and promote, which need a rolling reload.
func (p *Pool) forbidsGoing(r *reload, verb record.Verb) error {
	switch {
	case r.State == record.ReloadQueued:
		return conflict("the reload has not begun; it waits for the one before it")
	case r.State == record.ReloadLive:
		return conflict("every slot has changed already; until the verdict the reload can only be aborted")
	case verb.Promotes() && !p.Planned():
		return conflict("the reload has only just begun; ask again in a moment")
	case verb.Promotes() && r.Strategy.Canary == 0:
		return conflict("the reload has no canary to promote")
	case verb == record.VerbPromote && r.CanaryAt.IsZero():
		return conflict("the canary is not up yet, or has not passed its checks yet; wait for it (wait=canary, or rota reload --follow %s --wait=canary), "+
			"or do without it (skip_canary=true, or rota promote --skip-canary)", r.ID)
	}
	return nil
}

// control does what a caller asks of a reload that is under way, if its state allows it.
func (p *Pool) control(c ControlReload) error {
	r := p.reload(c.Reload)
	if r == nil {
		return record.ErrNoReload
	}
	if p.stopping && !r.State.Terminal() {
		return record.ErrStopping
	}
	if err := p.forbids(r, c.Verb); err != nil {
		return err
	}
	switch c.Verb {
	case record.VerbAbort:
		p.abortFor(r, c.Reason)
	case record.VerbPause:
		p.pause(record.PausedAsked)
	case record.VerbResume:
		p.resume()
	case record.VerbPromote, record.VerbSkipCanary:
		p.promoteFor(r)
	}
	return nil
}

func (p *Pool) resume() {
	if p.rotating.pausedByCaller() {
		p.endPause(record.PausedAsked, "the reload is resumed")
	}
}

// endPause ends the pause, if the rotation is paused for this reason, and publishes the message.
func (p *Pool) endPause(why record.PauseReason, message string) {
	r := p.rotating
	if r.Paused != nil && r.Paused.Why == why {
		r.Paused = nil
	}
	p.tellReload(record.EventReloadProgress, r.reload, r.State, message)
}

// abortFor aborts a reload for a caller. Slots that have changed are reverted first.
func (p *Pool) abortFor(r *reload, reason string) {
	why := "somebody asked for that"
	if reason != "" {
		why = reason
	}
	switch {
	case r.State.Terminal() || r.State == record.ReloadReverting: // done, or being done
	case r == p.queued:
		p.queued = nil
		delete(p.revisions, r.Generation)
		p.abort(r, why)
	case !p.Planned(): // nothing has changed
		r.Failure = &record.Failure{Code: record.AbortAsked, Message: why}
		p.endAborted(r.Generation)
	default:
		p.turnBack(&record.Failure{Code: record.AbortAsked, Message: why})
	}
}

func conflict(format string, args ...any) error {
	return &record.ConflictError{Reason: fmt.Sprintf(format, args...)}
}
