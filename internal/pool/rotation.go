package pool

import (
	"time"

	"rota/internal/record"
)

// rotation is what the pool keeps of the reload that rotates, from its start to its verdict. The reload
// rolls, is live on trial, or reverts.
type rotation struct {
	*reload
	before  int            // the generation that it replaces, and may go back to
	size    sizeChange     // of the pool
	changed map[*slot]bool // slots that have to be taken back if it fails

	batches int // that have changed; going live counts as one more
	pauses  pauses
	checks  checkRounds

	soak    trialPart
	proof   trialPart
	retired bool // it has turned clients away from listeners of the previous generation
}

// trialPart is how far one part of a reload's trial is. It only goes forward.
type trialPart int

const (
	partAhead trialPart = iota
	partUnderWay
	partOver
)

// Planned reports whether the plan of the reload that rotates is made. Before that it has not touched a
// worker.
func (p *Pool) Planned() bool {
	if p.rotating == nil {
		return false
	}
	_, made := p.terms[p.rotating.Generation]
	return made
}

// rotates reports whether the reload is the one that rotates: it is on trial, and may be reverted.
func (p *Pool) rotates(r *reload) bool {
	return p.rotating != nil && p.rotating.reload == r && !r.State.Terminal()
}

// rotate takes the next step of the rotation, unless a batch is under way. The next batch begins when all
// replacements of this one are ready, and the older workers were told to drain.
func (p *Pool) rotate() {
	if !p.Planned() || p.changing() {
		return
	}
	switch p.rotating.State {
	case record.ReloadRolling:
		p.goForth()
	case record.ReloadReverting:
		p.goBack()
	default:
		p.judge()
	}
}

// goForth starts the next batch, unless it has to wait, or makes the reload live.
func (p *Pool) goForth() {
	todo := p.toChange()
	allChanged := len(todo) == 0
	if p.awaitsChecks(allChanged) {
		return
	}
	if p.canaryWaits() {
		p.reachCanary()
	}
	if why := p.reasonToPause(allChanged); why != "" {
		p.pause(why)
		return
	}
	p.rotating.Paused = nil
	if allChanged {
		p.goLive()
		return
	}
	p.startBatch(todo[:min(len(todo), p.batchSize())])
}

// batchSize is how many slots may change at once. The slots of the canary change first, and no others with
// them.
func (p *Pool) batchSize() int {
	r := p.rotating
	size := r.Strategy.Surge.Of(len(p.staying()))
	if ahead := r.Strategy.Canary - r.Replaced; r.State == record.ReloadRolling && r.CanaryAt.IsZero() && ahead > 0 {
		size = min(size, ahead)
	}
	return size
}

func (p *Pool) startBatch(slots []*slot) {
	for _, s := range slots {
		s.next = p.start(s, p.target(), p.rotationStartTimeout(), p.rotating.reload)
	}
}

// changing reports whether a batch is under way.
func (p *Pool) changing() bool {
	for _, s := range p.slots {
		// When a worker dies while the rotation reverts, its replacement starts on duty.
		starts := s.duty != nil && s.duty.State == record.WorkerStarting && s.duty.Generation == p.target()
		if s.next != nil || starts && p.rotating.changed[s] {
			return true
		}
	}
	return false
}

// rotationStartTimeout is the caller's, or else the configured one. An impatient caller must not make the
// way back fail too: when reverting, wait at least the configured timeout.
func (p *Pool) rotationStartTimeout() time.Duration {
	own := p.terms[p.target()].StartTimeout
	timeout := orOwn(p.rotating.StartTimeout, own)
	if p.rotating.State == record.ReloadReverting {
		timeout = max(timeout, own)
	}
	return timeout
}

// target is the generation that the rotation brings every slot to.
func (p *Pool) target() int {
	if p.rotating == nil || p.rotating.State == record.ReloadReverting {
		return p.generation
	}
	return p.rotating.Generation
}

// toChange are the slots that the rotation has yet to bring to its generation.
func (p *Pool) toChange() (list []*slot) {
	for _, s := range p.staying() {
		if !s.servedBy(p.rotating.Generation) {
			list = append(list, s)
		}
	}
	return list
}

// toTakeBack are the slots that the rotation has changed and the previous generation does not serve yet.
func (p *Pool) toTakeBack() (list []*slot) {
	for _, s := range p.slots {
		if p.rotating.changed[s] && !s.servedBy(p.generation) {
			list = append(list, s)
		}
	}
	return list
}

// noteReturned forgets the changed slots that the previous generation serves again. If a worker dies there
// now, the rotation goes on.
func (p *Pool) noteReturned() {
	for _, s := range p.slots {
		if s.servedBy(p.generation) {
			delete(p.rotating.changed, s)
		}
	}
}

// onTrial reports whether the rotation fails if this worker ends. While it rolls or is live, that holds for
// every worker of the new generation; while it reverts, for those that were started to take slots back.
func (p *Pool) onTrial(s *slot, m *member) bool {
	r := p.rotating
	switch {
	case !p.Planned():
		return false
	case r.State == record.ReloadReverting:
		return s.next == m || r.changed[s] && m.Generation == p.target()
	}
	return m.Generation == r.Generation
}

// recallReplacements dismisses the workers that have not taken over.
func (p *Pool) recallReplacements(r *reload) {
	for _, s := range p.slots {
		p.dismiss(s.next, r, "it is not needed any more")
		s.next = nil
	}
}

// endRotation ends the rotation, and forgets the generation that will not be started again.
func (p *Pool) endRotation(unused int) {
	r := p.rotating
	p.recallReplacements(r.reload)
	r.TrialEndsAt, r.Paused = time.Time{}, nil
	p.rotating = nil
	for _, s := range p.slots {
		if s.duty != nil {
			s.duty.reload = nil
		}
	}
	delete(p.revisions, unused)
	delete(p.terms, unused)
	p.want(Release{Generation: unused})
}

// orOwn is the timeout that a caller asked for, or else the configured one.
func orOwn(asked, own time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	return own
}
