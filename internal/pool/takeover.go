package pool

import "rota/internal/record"

// takeOver gives the slots of a batch to their replacements once all of those are ready. Only here may the
// older workers be told to drain.
func (p *Pool) takeOver() {
	batch := p.readyBatch()
	if len(batch) == 0 {
		return
	}
	old := make([]*member, len(batch))
	for i, s := range batch {
		old[i] = s.duty
		*s = slot{number: s.number, duty: s.next}
		p.noteChange(s)
	}
	var because *reload
	if p.rotating != nil {
		because = p.rotating.reload
		p.rotating.batches++
		p.retireListeners()
		p.measure(because)
	}
	for i, s := range batch {
		p.dismiss(old[i], because, succession(s.duty, old[i]))
	}
}

// readyBatch are the slots whose replacements take over now. In a rotation they wait for the whole batch.
func (p *Pool) readyBatch() (batch []*slot) {
	for _, s := range p.slots {
		switch {
		case s.next == nil:
		case s.next.State == record.WorkerReady:
			batch = append(batch, s)
		case p.rotating != nil:
			return nil
		}
	}
	return batch
}

// noteChange notes that the rotation has changed the slot, or has taken it back.
func (p *Pool) noteChange(s *slot) {
	r := p.rotating
	switch {
	case r == nil:
	case r.State == record.ReloadRolling:
		r.changed[s] = true
	default:
		delete(r.changed, s)
	}
}

// succession says why the older worker is told to drain.
func succession(m, old *member) string {
	if old != nil && old.Generation == m.Generation {
		return "another worker serves slot " + itoa(m.Slot)
	}
	return "generation " + itoa(m.Generation) + " serves slot " + itoa(m.Slot)
}

// retireListeners turns new clients away from the listeners that the rotation's target does not have. This
// happens before the last workers that serve them are told to drain: they still answer the clients who wait
// already. While a slot is empty, new or backing off, the rotation may fail and need these listeners again.
func (p *Pool) retireListeners() {
	for _, s := range p.slots {
		if s.duty == nil || s.duty.Generation != p.target() {
			return
		}
	}
	left := p.rotating.before
	if p.rotating.State == record.ReloadReverting {
		left = p.rotating.Generation
	}
	p.rotating.retired = p.rotating.State == record.ReloadRolling
	p.want(Retire{Generation: left, Next: p.target()})
}
