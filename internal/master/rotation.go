package master

import (
	"fmt"
	"strings"
	"time"
)

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
			s.next = p.start(s, p.target(), p.rotationStartTimeout(), r)
		}
		return // else it starts already, because its worker died while reverting
	}
	if r.State == ReloadReverting {
		p.finishFailed(r)
		return
	}
	p.goLive(r)
}

// rotationStartTimeout is the caller's, if there is one. An impatient caller must not make
// the way back fail as well, so on that the master's own is the least.
func (p *pool) rotationStartTimeout() time.Duration {
	own := p.terms[p.target()].startTimeout
	timeout := orOwn(p.rotating.StartTimeout, own)
	if p.rotating.State == ReloadReverting {
		timeout = max(timeout, own)
	}
	return timeout
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
	for _, s := range p.staying() {
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

// staying are the slots that the rotation does not take away.
func (p *pool) staying() []*slot { return p.slots[:len(p.slots)+min(p.growth, 0)] }

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
		both := *r.Failure // readers have the one before
		both.Message += fmt.Sprintf("; going back failed too: the worker of slot %d %s%s", m.Slot, why, p.leftBehind(r))
		r.Failure = &both
		p.finishFailed(r)
		return
	}
	r.State = ReloadReverting
	r.Failure = &Failure{Message: message, WorkerID: m.ID, Slot: m.Slot, Output: output}
	p.recallReplacements(r)
	p.shrinkBack()
	p.measure(r)
	p.tellReload(EventReloadProgress, r, ReloadRolling, message+"; going back to generation "+itoa(p.generation))
}

// leftBehind names the slots that a failed reload still serves.
func (p *pool) leftBehind(r *Reload) string {
	var slots []string
	for _, s := range p.slots {
		if s.duty != nil && s.duty.Generation == r.Generation {
			slots = append(slots, itoa(s.number))
		}
	}
	if len(slots) == 0 {
		return ""
	}
	return fmt.Sprintf("; generation %d still serves slot %s", r.Generation, strings.Join(slots, ", "))
}

func (p *pool) goLive(r *Reload) {
	old := p.generation
	p.generation = r.Generation
	p.shrinkToPlan(old)
	p.measure(r)
	r.State, r.LiveAt = ReloadLive, p.now
	p.want(serve{generation: r.Generation})
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
	p.rotating, p.growth = nil, 0
	for _, s := range p.slots {
		s.changed, s.added = false, false
		if s.duty != nil {
			s.duty.reload = nil
		}
	}
	delete(p.revisions, unused)
	delete(p.terms, unused)
	p.want(release{generation: unused})
}

// orOwn is the timeout that a caller asked for, or else the master's own.
func orOwn(asked, own time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	return own
}

// retireListeners comes before the last workers are told to drain that serve the listeners of
// which the generation that the rotation goes to has no use: who comes there from now on is turned away, and they
// answer who waits already. As long as a slot is empty, new or backing off, the rotation may
// still fail, and the listeners be needed again.
func (p *pool) retireListeners() {
	for _, s := range p.slots {
		if s.duty == nil || s.duty.Generation != p.target() {
			return
		}
	}
	left := p.generation
	if p.rotating.State == ReloadReverting {
		left = p.rotating.Generation
	}
	p.want(retire{generation: left, next: p.target()})
}
