package master

import (
	"fmt"
	"strings"
	"time"
)

// How a rotation reverts.

// failWorker ends the trial because a worker on trial has failed.
func (p *pool) failWorker(m *member, why string, output []string) {
	message := fmt.Sprintf("the new worker of slot %d %s", m.Slot, why)
	p.step(p.rotating.Reload, "failed", m, message)
	if p.rotating.State == ReloadReverting {
		p.strand(fmt.Sprintf("the worker of slot %d %s", m.Slot, why))
		return
	}
	p.turnBack(&Failure{Code: m.failure(), Message: message, WorkerID: m.ID, Slot: m.Slot, Output: output})
}

// turnBack makes the rotation revert: every changed slot goes back to the previous generation, which was kept.
func (p *pool) turnBack(why *Failure) {
	r := p.rotating
	r.Failure, r.Paused, r.TrialEndsAt = why, nil, time.Time{}
	p.recallReplacements(r.Reload)
	switch {
	case r.State == ReloadLive:
		p.generation = r.before
		p.want(restore{generation: r.before})
		p.want(serve{generation: r.before})
	case r.retired: // it was paused when every slot had changed
		p.want(restore{generation: r.before})
	}
	p.resizeBack()
	if r.State == ReloadLive {
		for _, s := range p.slots {
			r.changed[s] = true
		}
	}
	r.checks.phase, r.checks.back = checksIdle, partOver
	if len(p.toTakeBack()) > 0 && (p.terms[r.before].checks || len(r.Checks) > 0) {
		r.checks.back = partAhead
	}
	p.measure(r.Reload)
	p.moveReload(r.Reload, ReloadReverting, why.Message+"; going back to generation "+itoa(p.generation))
}

// goBack takes back the next batch of slots. If there is none, the rotation ends once the previous
// generation is checked.
func (p *pool) goBack() {
	p.noteReturned()
	todo := p.toTakeBack()
	if len(todo) == 0 {
		p.checkBack()
		return
	}
	p.startBatch(todo[:min(len(todo), p.batchSize())])
}

// strand gives up reverting, and leaves the slots as they are.
func (p *pool) strand(why string) {
	r := p.rotating
	both := *r.Failure // readers share the old one
	both.Message += "; going back failed too: " + why + p.leftBehind(r.Reload)
	both.Stranded = true
	r.Failure = &both
	p.endBack()
}

// endBack ends a rotation that has reverted. The previous generation serves, unless reverting failed while
// the newer one had more slots.
func (p *pool) endBack() {
	r := p.rotating
	unused := r.Generation
	if r.Failure.Stranded && p.slotsOf(r.Generation) > p.slotsOf(p.generation) {
		p.generation, unused = r.Generation, r.before
		p.want(retire{generation: r.before, next: r.Generation})
		p.want(serve{generation: r.Generation})
	}
	if r.Failure.Code == AbortAsked && !r.Failure.Stranded {
		p.endAborted(unused)
		return
	}
	p.endFailed(unused)
}

func (p *pool) endFailed(unused int) {
	r := p.rotating
	p.measure(r.Reload)
	p.endRotation(unused)
	p.measureRest(r.Reload)
	p.moveReload(r.Reload, ReloadFailed, "reload failed: "+r.Failure.Message)
}

func (p *pool) endAborted(unused int) {
	r := p.rotating
	p.measure(r.Reload)
	p.endRotation(unused)
	p.abort(r.Reload, r.Failure.Message)
}

// abort ends a reload because somebody asked for that, or the master stops.
func (p *pool) abort(r *Reload, why string) {
	p.measure(r)
	if r.Failure == nil {
		r.Failure = &Failure{Code: AbortAsked, Message: why}
	}
	r.TrialEndsAt, r.Paused = time.Time{}, nil
	p.measureRest(r)
	p.moveReload(r, ReloadAborted, "reload aborted: "+why)
}

// slotsServed counts the slots that any generation serves.
func (p *pool) slotsServed() int {
	n := 0
	for _, s := range p.slots {
		if s.duty != nil && s.servedBy(s.duty.Generation) {
			n++
		}
	}
	return n
}

// slotsOf counts the slots that a generation serves.
func (p *pool) slotsOf(generation int) int {
	n := 0
	for _, s := range p.slots {
		if s.servedBy(generation) {
			n++
		}
	}
	return n
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
