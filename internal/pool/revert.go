package pool

import (
	"fmt"
	"strings"
	"time"

	"rota/internal/record"
)

// failWorker makes the rotation revert because a worker on trial has failed. If it reverts already, that
// fails.
func (p *Pool) failWorker(m *member, why string, output []string) {
	message := fmt.Sprintf("the new worker of slot %d %s", m.Slot, why)
	p.step(p.rotating.reload, "failed", m, message)
	if p.rotating.State == record.ReloadReverting {
		p.strand(fmt.Sprintf("the worker of slot %d %s", m.Slot, why))
		return
	}
	p.turnBack(&record.Failure{Code: m.failure(), Message: message, WorkerID: m.ID, Slot: m.Slot, Output: output})
}

// turnBack makes the rotation revert: every changed slot goes back to the previous generation.
func (p *Pool) turnBack(why *record.Failure) {
	r := p.rotating
	r.Failure, r.Paused, r.TrialEndsAt = why, nil, time.Time{}
	p.recallReplacements(r.reload)
	switch {
	case r.State == record.ReloadLive:
		p.generation = r.before
		p.want(Restore{Generation: r.before})
		p.want(Serve{Generation: r.before})
	case r.retired: // it was paused when every slot had changed
		p.want(Restore{Generation: r.before})
	}
	p.resizeBack()
	if r.State == record.ReloadLive {
		for _, s := range p.slots {
			r.changed[s] = true
		}
	}
	r.checks.phase, r.checks.back = checksIdle, partOver
	if len(p.toTakeBack()) > 0 && (p.terms[r.before].Checks || len(r.Checks) > 0) {
		r.checks.back = partAhead
	}
	p.measure(r.reload)
	p.moveReload(r.reload, record.ReloadReverting, why.Message+"; going back to generation "+itoa(p.generation))
}

// goBack takes back the next batch of slots. If there is none, the rotation ends once the previous
// generation is checked.
func (p *Pool) goBack() {
	p.noteReturned()
	todo := p.toTakeBack()
	if len(todo) == 0 {
		p.checkBack()
		return
	}
	p.startBatch(todo[:min(len(todo), p.batchSize())])
}

// strand gives up reverting and leaves the slots as they are.
func (p *Pool) strand(why string) {
	r := p.rotating
	both := *r.Failure // readers share the old one
	both.Message += "; going back failed too: " + why + p.leftBehind(r.reload)
	both.Stranded = true
	r.Failure = &both
	p.endBack()
}

// endBack ends a rotation that has reverted. The previous generation serves, unless reverting failed while
// the newer generation had more slots.
func (p *Pool) endBack() {
	r := p.rotating
	unused := r.Generation
	if r.Failure.Stranded && p.slotsOf(r.Generation) > p.slotsOf(p.generation) {
		p.generation, unused = r.Generation, r.before
		p.want(Retire{Generation: r.before, Next: r.Generation})
		p.want(Serve{Generation: r.Generation})
	}
	if r.Failure.Code == record.AbortAsked && !r.Failure.Stranded {
		p.endAborted(unused)
		return
	}
	p.endFailed(unused)
}

func (p *Pool) endFailed(unused int) {
	r := p.rotating
	p.measure(r.reload)
	p.endRotation(unused)
	p.measureRest(r.reload)
	p.moveReload(r.reload, record.ReloadFailed, "reload failed: "+r.Failure.Message)
}

func (p *Pool) endAborted(unused int) {
	r := p.rotating
	p.measure(r.reload)
	p.endRotation(unused)
	p.abort(r.reload, r.Failure.Message)
}

// abort ends a reload because somebody asked for that, or the master stops.
func (p *Pool) abort(r *reload, why string) {
	p.measure(r)
	if r.Failure == nil {
		r.Failure = &record.Failure{Code: record.AbortAsked, Message: why}
	}
	r.TrialEndsAt, r.Paused = time.Time{}, nil
	p.measureRest(r)
	p.moveReload(r, record.ReloadAborted, "reload aborted: "+why)
}

// slotsServed counts the slots that any generation serves.
func (p *Pool) slotsServed() int {
	n := 0
	for _, s := range p.slots {
		if s.duty != nil && s.servedBy(s.duty.Generation) {
			n++
		}
	}
	return n
}

// slotsOf counts the slots that a generation serves.
func (p *Pool) slotsOf(generation int) int {
	n := 0
	for _, s := range p.slots {
		if s.servedBy(generation) {
			n++
		}
	}
	return n
}

// leftBehind names the slots that a failed reload still serves.
func (p *Pool) leftBehind(r *reload) string {
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

// failure is the code of the failure that the worker has caused.
func (m *member) failure() record.FailureCode {
	if m.State == record.WorkerDraining && m.ReadyAt.IsZero() { // given up, but not gone yet
		return record.NotReady
	}
	return record.WorkerFailed
}
