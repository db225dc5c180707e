package pool

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rota/internal/record"
)

// askReload accepts a request, unless something forbids it. A caller that asks again with the same key gets
// the same reload, and nothing changes.
func (p *Pool) askReload(c AskReload) error {
	known, err := p.asked(c.Request, p.now)
	if known != nil || err != nil {
		return err
	}
	if err := p.forbidsReload(c); err != nil {
		return err
	}
	p.accept(c)
	return nil
}

// forbidsReload says why the request can't be accepted now, or nil.
func (p *Pool) forbidsReload(c AskReload) error {
	if p.stopping {
		return record.ErrStopping
	}
	if surge := c.Request.Surge; surge != nil {
		if err := c.Room.ForSurge(surge.Of(len(p.slots))); err != nil {
			return err
		}
	}
	if err := p.forbidsCanarySize(c.Request, c.Settings); err != nil {
		return err
	}
	if c.Request.IfGeneration != nil && !p.undisturbed(c.Request.IfGeneration) {
		return record.ErrGeneration
	}
	if err := p.forbidsChecks(c.Request.Checks); err != nil {
		return err
	}
	return p.forbidsCanary(c.Request, c.Settings)
}

// accept opens a reload, or lets the request share the queued one. Callers who ask while a rotation runs are
// promised that every worker started before is replaced. One further rotation is enough for all of them.
func (p *Pool) accept(ask AskReload) {
	caller := record.Caller{ReloadRequest: ask.Request, At: p.now}
	defer func() { p.keep(ask.Request, p.queued) }()
	if p.queued != nil {
		p.queued.ReloadRequest = p.queued.Merge(ask.Request)
		p.queued.addCaller(caller)
		p.revisions[p.queued.Generation] = p.queued.Revision
		p.tellReload(record.EventReloadProgress, p.queued, record.ReloadQueued,
			fmt.Sprintf("%d callers share the queued reload to generation %d", p.queued.CallersTotal, p.queued.Generation))
		return
	}
	p.lastGeneration++
	r := &reload{Reload: record.Reload{
		ID:         ask.ID,
		Generation: p.lastGeneration,
		CombinedRequest: record.CombinedRequest{
			ReloadRequest: ask.Request,
			Callers:       []record.Caller{caller},
			CallersTotal:  1,
		},
		Progress: record.Progress{
			Total:              len(p.slots),
			ConnectionsCounted: true, // there are none yet
		},
	}}
	p.queued = r
	p.revisions[r.Generation] = ask.Request.Revision
	p.reloads = append(p.reloads, r)
	p.forgetReloads()
	p.moveReload(r, record.ReloadQueued, fmt.Sprintf("reload to generation %d accepted", r.Generation))
}

// forbidsChecks says why these checks can't be added to the queued reload, or nil.
func (p *Pool) forbidsChecks(more []record.Check) error {
	if p.queued == nil || len(p.queued.Merge(record.ReloadRequest{Checks: more}).Checks) <= mostChecks {
		return nil
	}
	return conflict("the queued reload would have more than %d checks, because its callers ask for different ones; ask again when it has started", mostChecks)
}

// forgetReloads drops the oldest reloads that have ended, if there are too many.
func (p *Pool) forgetReloads() {
	for len(p.reloads) > keepReloads {
		i := slices.IndexFunc(p.reloads, func(r *reload) bool { return r.State.Terminal() })
		if i < 0 {
			return
		}
		p.reloads = slices.Delete(p.reloads, i, i+1)
	}
}

// beginQueued starts the queued reload when nothing rotates. Its first step is to make the plan, from the
// program as it is on disk now.
func (p *Pool) beginQueued() {
	if p.rotating != nil || p.queued == nil || p.renewing() {
		return
	}
	r := p.queued
	p.rotating, p.queued = &rotation{reload: r, before: p.generation, changed: map[*slot]bool{}}, nil
	p.want(Prepare{Generation: r.Generation})
	p.moveReload(r, record.ReloadRolling, fmt.Sprintf("rotation to generation %d begins", r.Generation))
}

func (p *Pool) onPrepared(f Prepared) {
	r := p.rotating
	if r == nil || r.Generation != f.Generation || p.Planned() {
		return // the reload was aborted meanwhile
	}
	size := p.sizeFor(f.Terms.Workers)
	strategy := r.Over(f.Terms.Strategy)
	if f.Err == nil {
		f.Err = strategy.Fits(size)
	}
	if f.Err == nil && r.NeedsCanary && strategy.Canary == 0 {
		f.Err = record.ErrNoCanary
	}
	if f.Err != nil {
		r.Failure = failureOf(f.Err)
		p.endFailed(r.Generation)
		return
	}
	p.terms[r.Generation] = f.Terms
	r.Program, r.Strategy = f.Terms.Program, strategy
	p.growTo(size)
}

// failureOf is the failure of a reload whose plan can't be made. It has every complaint in one sentence, and
// one by one.
func failureOf(err error) *record.Failure {
	complaints := strings.Split(err.Error(), "\n")
	f := &record.Failure{Code: record.PrepareFailed, Message: strings.Join(complaints, "; ")}
	if errors.Is(err, record.ErrNoCanary) {
		f.Code = record.NoCanary
	}
	if len(complaints) > 1 {
		f.Complaints = complaints
	}
	return f
}
