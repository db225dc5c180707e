package master

import "time"

// rotation is what the pool keeps of the reload that rotates, from its beginning until its verdict: it
// rolls, is live on trial, or goes back.
type rotation struct {
	*Reload
	before   int // the generation that it came to change, and goes back to
	prepared bool
	growth   int // slots at the end that it added, or, below zero, is to take away when live
	shrunk   int // slots that it did take away when it was live

	batches int         // so many have changed; being live counts as one more
	checks  checkRounds // of the trial

	provable bool // it looks for a proof when it is live
	proved   bool // that is over

	rested    int       // so many batches were followed by the pause between
	resting   int       // the latest for which that pause began
	restUntil time.Time // when it ends

	canaryUntil time.Time // when the pause after the canary ends; zero: when it is promoted

	asked    bool // to pause
	soaked   bool // the soak is over
	retired  bool // it has turned clients away from listeners of the generation before
	aborting bool // it goes back because somebody wants that
}

// rotate moves the rotation on by one batch of slots. The replacements of all of them must be ready, and
// the older workers told to drain, before the next batch is touched.
func (p *pool) rotate() {
	r := p.rotating
	if r == nil || !r.prepared || p.changing() {
		return
	}
	switch r.State {
	case ReloadRolling:
		p.goForth()
	case ReloadReverting:
		p.goBack()
	default:
		p.judge()
	}
}

// goForth starts the next batch, unless it has to wait, or makes the reload live.
func (p *pool) goForth() {
	todo := p.toChange()
	if p.held(len(todo) == 0) {
		return
	}
	if len(todo) == 0 {
		p.goLive()
		return
	}
	p.startBatch(todo[:min(len(todo), p.batchSize())])
}

// batchSize is how many slots may change at once. The canary's are the first, and nobody goes with them.
func (p *pool) batchSize() int {
	r := p.rotating
	size := r.Strategy.Surge.Of(len(p.staying()))
	if ahead := r.Strategy.Canary - r.Replaced; r.State == ReloadRolling && r.CanaryAt.IsZero() && ahead > 0 {
		size = min(size, ahead)
	}
	return size
}

func (p *pool) startBatch(slots []*slot) {
	for _, s := range slots {
		s.next = p.start(s, p.target(), p.rotationStartTimeout(), p.rotating.Reload)
	}
}

// changing reports whether a batch is under way.
func (p *pool) changing() bool {
	for _, s := range p.slots {
		coming := s.changed && s.duty != nil && s.duty.State == WorkerStarting && s.duty.Generation == p.target()
		if s.next != nil || coming { // it comes already, because its worker died while reverting
			return true
		}
	}
	return false
}

// takeOver gives slots to their replacements, once those of the whole batch are ready. This is the moment,
// and the only one, at which the older workers may go.
func (p *pool) takeOver() {
	var batch []*slot
	for _, s := range p.slots {
		if s.next == nil {
			continue
		}
		if s.next.State != WorkerReady {
			if p.rotating == nil {
				continue // each by itself
			}
			return
		}
		batch = append(batch, s)
	}
	if len(batch) == 0 {
		return
	}
	old := make([]*member, len(batch))
	for i, s := range batch {
		old[i] = s.duty
		*s = slot{number: s.number, duty: s.next, changed: p.rotating != nil && p.rotating.State == ReloadRolling}
	}
	var because *Reload
	if p.rotating != nil {
		because = p.rotating.Reload
		p.rotating.batches++
		p.retireListeners()
		p.measure(because)
	}
	for i, s := range batch {
		p.dismiss(old[i], because, succession(s.duty, old[i]))
	}
}

func succession(m, old *member) string {
	if old != nil && old.Generation == m.Generation {
		return "another worker serves slot " + itoa(m.Slot)
	}
	return "generation " + itoa(m.Generation) + " serves slot " + itoa(m.Slot)
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
	if p.rotating == nil || p.rotating.State == ReloadReverting {
		return p.generation
	}
	return p.rotating.Generation
}

// toChange are the slots that the rotation has still to bring to its generation.
func (p *pool) toChange() (list []*slot) {
	for _, s := range p.staying() {
		if !s.servedBy(p.rotating.Generation) {
			list = append(list, s)
		}
	}
	return list
}

// toTakeBack are the slots that the rotation has changed and the generation before does not serve yet.
func (p *pool) toTakeBack() (list []*slot) {
	for _, s := range p.slots {
		if s.changed && !s.servedBy(p.generation) {
			list = append(list, s)
		}
	}
	return list
}

// noteReturned forgets that slots were changed which the generation before serves again. The end of a worker there
// does not concern the rotation any more.
func (p *pool) noteReturned() {
	for _, s := range p.slots {
		if s.servedBy(p.generation) {
			s.changed = false
		}
	}
}

// growth is the size that the rotation changes the pool by; 0 for none.
func (p *pool) growth() int {
	if p.rotating == nil {
		return 0
	}
	return p.rotating.growth
}

// staying are the slots that the rotation does not take away.
func (p *pool) staying() []*slot { return p.slots[:len(p.slots)+min(p.growth(), 0)] }

// onTrial reports whether the end of the worker fails the rotation: its generation is what the rotation
// brings, or, on the way back, it was started for that.
func (p *pool) onTrial(s *slot, m *member) bool {
	r := p.rotating
	switch {
	case r == nil || !r.prepared:
		return false
	case r.State == ReloadReverting:
		return s.next == m || s.changed && m.Generation == p.target()
	}
	return m.Generation == r.Generation
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
	r := p.rotating
	p.recallReplacements(r.Reload)
	r.OnTrial, r.TrialEndsAt, r.Paused = false, time.Time{}, nil
	p.rotating = nil
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
	left := p.rotating.before
	if p.rotating.State == ReloadReverting {
		left = p.rotating.Generation
	}
	p.rotating.retired = p.rotating.State == ReloadRolling
	p.want(retire{generation: left, next: p.target()})
}
