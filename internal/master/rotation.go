package master

import (
	"fmt"
	"slices"
	"time"
)

// accept opens a reload, or joins the one that is queued already: whoever asks while a
// rotation runs is promised that every worker started before is replaced, and one
// further rotation keeps that promise to all of them.
func (p *pool) accept(ask reloadAsked) {
	if p.stopping {
		return
	}
	caller := Caller{ReloadRequest: ask.request, At: p.now}
	if p.queued != nil {
		p.queued.ReloadRequest = ask.request
		p.queued.Callers = append(p.queued.Callers, caller)
		p.revisions[p.queued.Generation] = ask.request.Revision
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
	if f.err == nil {
		p.prepared = true
		return
	}
	r.Failure = &Failure{Message: f.err.Error()}
	p.finishFailed(r)
}

// rotate moves the rotation on. One slot changes at a time: its replacement must be
// ready, and the older worker told to drain, before the next slot is touched.
func (p *pool) rotate() {
	r := p.rotating
	if r == nil || !p.prepared {
		return
	}
	for _, s := range p.slots {
		if s.next != nil {
			return
		}
	}
	if s := p.nextSlot(); s != nil {
		if s.duty == nil || s.duty.Generation != p.target() {
			s.next = p.start(s, p.target(), r.effectiveStartTimeout(p.startTimeout), r)
		}
		return // else it starts already, because its worker died while reverting
	}
	if r.State == ReloadReverting {
		p.finishFailed(r)
		return
	}
	p.goLive(r)
}

// target is the generation that the rotation brings every slot to.
func (p *pool) target() int {
	if p.rotating.State == ReloadReverting {
		return p.generation
	}
	return p.rotating.Generation
}

// nextSlot finds the first slot that the rotation has still to change, or nil. Going
// forth that is every slot, going back only those it had changed.
func (p *pool) nextSlot() *slot {
	reverting := p.rotating.State == ReloadReverting
	for _, s := range p.slots {
		there := s.duty != nil && s.duty.Generation == p.target() && s.duty.State == WorkerReady
		if there && reverting {
			s.changed = false
		}
		if !there && (!reverting || s.changed) {
			return s
		}
	}
	return nil
}

// onTrial reports whether the death of the worker fails the rotation: it was started
// by it, and the slot does not count as safely changed yet.
func (p *pool) onTrial(s *slot, m *member) bool {
	if p.rotating == nil {
		return false
	}
	return s.next == m || s.changed && m.Generation == p.target()
}

// fail stops the rotation and turns it back; a second failure, on the way back, ends it
// and leaves alone what serves.
func (p *pool) fail(m *member, why string, output []string) {
	r := p.rotating
	message := fmt.Sprintf("the new worker of slot %d %s", m.Slot, why)
	p.step(r, "failed", m, message)
	if r.State == ReloadReverting {
		r.Failure.Message += fmt.Sprintf("; going back failed too: the worker of slot %d %s", m.Slot, why)
		p.finishFailed(r)
		return
	}
	r.State = ReloadReverting
	r.Failure = &Failure{Message: message, WorkerID: m.ID, Slot: m.Slot, Output: output}
	p.recallReplacements(r)
	p.measure(r)
	p.tellReload(EventReloadProgress, r, ReloadRolling, message+"; going back to generation "+itoa(p.generation))
}

func (p *pool) goLive(r *Reload) {
	p.measure(r)
	old := p.generation
	p.generation = r.Generation
	r.State, r.LiveAt = ReloadLive, p.now
	p.endRotation(old)
	p.tellReload(EventReloadLive, r, ReloadRolling,
		fmt.Sprintf("generation %d serves every slot, %s", r.Generation, plural(r.Draining, "older worker drains", "older workers drain")))
}

func (p *pool) finishFailed(r *Reload) {
	p.measure(r)
	from := r.State
	r.State, r.FinishedAt = ReloadFailed, p.now
	p.totals.ReloadsFailed++
	p.endRotation(r.Generation)
	p.tellReload(EventReloadFailed, r, from, "reload failed: "+r.Failure.Message)
}

func (p *pool) abort(r *Reload, why string) {
	p.measure(r)
	from := r.State
	if r.Failure == nil {
		r.Failure = &Failure{Message: why}
	}
	r.State, r.FinishedAt = ReloadAborted, p.now
	p.totals.ReloadsAborted++
	p.tellReload(EventReloadAborted, r, from, "reload aborted: "+why)
}

// recallReplacements dismisses those that have not taken over.
func (p *pool) recallReplacements(r *Reload) {
	for _, s := range p.slots {
		p.dismiss(s.next, r, "it is not needed any more")
		s.next = nil
	}
}

// endRotation lets the slots forget the rotation, and the generation that nobody will start again.
func (p *pool) endRotation(unused int) {
	p.recallReplacements(p.rotating)
	p.rotating = nil
	for _, s := range p.slots {
		s.changed = false
		if s.duty != nil {
			s.duty.reload = nil
		}
	}
	delete(p.revisions, unused)
	p.want(release{generation: unused})
}

// settle tells the progress of every reload under way and completes those whose last
// older worker is gone.
func (p *pool) settle() {
	for _, r := range p.reloads {
		if r.State.Terminal() || r.State == ReloadQueued {
			continue
		}
		if p.measure(r) {
			p.tellReload(EventReloadProgress, r, r.State, r.progress())
		}
		if r.State == ReloadLive && r.Draining == 0 {
			r.State, r.FinishedAt = ReloadCompleted, p.now
			p.totals.ReloadsCompleted++
			p.tellReload(EventReloadCompleted, r, ReloadLive, r.completion())
		}
	}
}

// measure counts the reload's progress anew and reports whether anything changed.
func (p *pool) measure(r *Reload) bool {
	before := r.figures()
	if r == p.rotating {
		r.Replaced, r.Total = 0, len(p.slots)
		for _, s := range p.slots {
			if s.duty != nil && s.duty.Generation == r.Generation && s.duty.State == WorkerReady {
				r.Replaced++
			}
		}
	}
	r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted = 0, 0, true
	for _, m := range p.workers {
		older := m.Generation < r.Generation
		if older && (m.State == WorkerDraining || r.State == ReloadLive) {
			r.Draining++
			r.ConnectionsRemaining += m.connections
			r.ConnectionsCounted = r.ConnectionsCounted && m.counted
		}
	}
	return before != r.figures()
}

type figures struct {
	replaced, total, draining, connections int
	counted                                bool
}

func (r *Reload) figures() figures {
	return figures{r.Replaced, r.Total, r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted}
}

func (r *Reload) progress() string {
	message := fmt.Sprintf("%d of %d slots changed", r.Replaced, r.Total)
	if r.Draining > 0 {
		message += ", " + plural(r.Draining, "older worker drains", "older workers drain")
	}
	if r.Draining > 0 && r.ConnectionsCounted {
		message += " with " + plural(r.ConnectionsRemaining, "connection", "connections")
	}
	return message
}

func (r *Reload) completion() string {
	message := fmt.Sprintf("reload completed in %s", r.FinishedAt.Sub(r.StartedAt).Round(msec))
	if r.ConnectionsCut > 0 {
		message += ", " + plural(r.ConnectionsCut, "connection was cut", "connections were cut")
	}
	return message
}

// askForCount wants the draining workers' connections counted, for as long as there are any.
func (p *pool) askForCount() {
	if p.counting {
		return
	}
	for _, m := range p.workers {
		if m.State == WorkerDraining {
			p.counting = true
			p.want(count{})
			return
		}
	}
}

// drainingPIDs are the processes of the draining workers of generations before the given one.
func (p *pool) drainingPIDs(before int) map[string]int {
	pids := map[string]int{}
	for id, m := range p.workers {
		if m.State == WorkerDraining && m.Generation < before && m.PID != 0 {
			pids[id] = m.PID
		}
	}
	return pids
}

func (p *pool) onCounted(f counted) {
	p.counting = false
	for id, n := range f.connections {
		p.with(id, func(m *member) { m.connections, m.counted = n, true })
	}
}

func (r *Reload) effectiveStartTimeout(own time.Duration) time.Duration {
	if r.StartTimeout > 0 {
		return r.StartTimeout
	}
	return own
}

func (r *Reload) effectiveDrainTimeout(own time.Duration) time.Duration {
	if r.DrainTimeout > 0 {
		return r.DrainTimeout
	}
	return own
}
