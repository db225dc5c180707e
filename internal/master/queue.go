package master

import (
	"fmt"
	"slices"
	"strings"
)

// How a reload comes in and waits for its turn.

// accept opens a reload, or joins the one that is queued already: whoever asks while a
// rotation runs is promised that every worker started before is replaced, and one
// further rotation keeps that promise to all of them.
func (p *pool) accept(ask reloadAsked) {
	if p.stopping {
		return
	}
	caller := Caller{ReloadRequest: ask.request, At: p.now}
	if p.queued != nil {
		p.queued.ReloadRequest = p.queued.merge(ask.request)
		p.queued.Callers = append(p.queued.Callers, caller)
		p.revisions[p.queued.Generation] = p.queued.Revision
		p.tellReload(EventReloadProgress, p.queued, ReloadQueued,
			fmt.Sprintf("%d callers share the queued reload to generation %d", len(p.queued.Callers), p.queued.Generation))
		return
	}
	p.lastGeneration++
	r := &Reload{
		ID:            ask.id,
		Generation:    p.lastGeneration,
		State:         ReloadQueued,
		ReloadRequest: ask.request,
		Callers:       []Caller{caller},
		RequestedAt:   p.now,
		Total:         len(p.slots),

		ConnectionsCounted: true, // there are none yet
	}
	r.told = r.figures()
	p.queued = r
	p.revisions[r.Generation] = ask.request.Revision
	p.reloads = append(p.reloads, r)
	p.forgetReloads()
	p.tellReload(EventReloadQueued, r, "", fmt.Sprintf("reload to generation %d accepted", r.Generation))
}

// forgetReloads drops the oldest reloads that have ended.
func (p *pool) forgetReloads() {
	for len(p.reloads) > keepReloads {
		i := slices.IndexFunc(p.reloads, func(r *Reload) bool { return r.State.Terminal() })
		if i < 0 {
			return
		}
		p.reloads = slices.Delete(p.reloads, i, i+1)
	}
}

// beginQueued starts the queued reload when nothing rotates. Its first step is to
// resolve the program as it is on disk now.
func (p *pool) beginQueued() {
	if p.rotating != nil || p.queued == nil {
		return
	}
	r := p.queued
	p.rotating, p.queued, p.prepared = r, nil, false
	r.State, r.StartedAt = ReloadRolling, p.now
	p.want(prepare{generation: r.Generation})
	p.tellReload(EventReloadStarted, r, ReloadQueued, fmt.Sprintf("rotation to generation %d begins", r.Generation))
}

func (p *pool) onPrepared(f prepared) {
	r := p.rotating
	if r == nil || r.Generation != f.generation || p.prepared {
		return // the reload was aborted meanwhile
	}
	if f.err != nil {
		r.Failure = failureOf(f.err)
		p.finishFailed(r)
		return
	}
	p.prepared = true
	before := p.terms[p.generation].workers
	p.terms[r.Generation] = f.terms
	r.Program = f.terms.program
	if f.terms.workers != before { // else a pool that was scaled by hand stays as it is
		p.growTo(f.terms.workers)
	}
}

// failureOf tells of everything that is wrong, in one sentence and one by one.
func failureOf(err error) *Failure {
	complaints := strings.Split(err.Error(), "\n")
	f := &Failure{Message: strings.Join(complaints, "; ")}
	if len(complaints) > 1 {
		f.Complaints = complaints
	}
	return f
}
