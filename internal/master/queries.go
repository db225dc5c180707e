package master

import "slices"

// What readers may ask of the pool. Nothing here changes it.

// current is the reload that the status shows: the one that rotates, else the newest that is live.
func (p *pool) current() *Reload {
	if r := p.underWay(); r != nil {
		return r
	}
	for _, r := range slices.Backward(p.reloads) {
		if r.State == ReloadLive {
			return r
		}
	}
	return nil
}

// underWay is the reload that rotates, or nil.
func (p *pool) underWay() *Reload {
	if p.rotating == nil {
		return nil
	}
	return p.rotating.Reload
}

// reload finds a reload by its id, or nil.
func (p *pool) reload(id string) *Reload {
	for _, r := range p.reloads {
		if r.ID == id {
			return r
		}
	}
	for _, k := range p.keys { // perhaps the history has forgotten it
		if k.reload.ID == id {
			return k.reload
		}
	}
	return nil
}

// worker is a worker, also one of the latest that are gone.
func (p *pool) worker(id string) (Worker, bool) {
	if m, ok := p.workers[id]; ok {
		return m.Worker, true
	}
	for _, w := range p.gone {
		if w.ID == id {
			return w, true
		}
	}
	return Worker{}, false
}

// alive is a worker that is not gone.
func (p *pool) alive(id string) (Worker, bool) {
	if m, ok := p.workers[id]; ok {
		return m.Worker, true
	}
	return Worker{}, false
}

// withdrew reports whether the worker was seen to have stopped accepting before it ended.
func (p *pool) withdrew(id string) bool { return p.workers[id] != nil && p.workers[id].withdrew }

// ofReload reports whether a reload has started the worker, or drains it.
func (p *pool) ofReload(id string) bool { return p.workers[id] != nil && p.workers[id].reload != nil }

// onDuty is the worker that serves the slot, or starts because none does.
func (p *pool) onDuty(slot int) (Worker, bool) {
	if slot >= len(p.slots) || p.slots[slot].duty == nil {
		return Worker{}, false
	}
	return p.slots[slot].duty.Worker, true
}

// size is the number of slots.
func (p *pool) size() int { return len(p.slots) }

// servingGeneration is the generation that serves, and that a crash or a scale starts.
func (p *pool) servingGeneration() int { return p.generation }

// otherGeneration is the one that a rotation with a plan changes from, or to, besides the one that serves.
func (p *pool) otherGeneration() (int, bool) {
	switch {
	case !p.planned():
		return 0, false
	case p.rotating.State == ReloadLive:
		return p.rotating.before, true
	}
	return p.rotating.Generation, true
}

// keeps reports whether workers of the generation may still be started.
func (p *pool) keeps(generation int) bool {
	_, kept := p.terms[generation]
	return kept
}

// history lists the reloads, oldest first.
func (p *pool) history() []*Reload { return p.reloads }

// renewable are the workers on duty that nobody replaces yet, and how many are being replaced.
func (p *pool) renewable() (workers []string, replacing int) {
	for _, s := range p.slots {
		switch {
		case s.next != nil:
			replacing++
		case s.duty != nil:
			workers = append(workers, s.duty.ID)
		}
	}
	return workers, replacing
}

// answerTo is the reload that an accepted request has led to.
func (p *pool) answerTo(request ReloadRequest) *Reload {
	if r, err := p.asked(request, p.now); r != nil && err == nil {
		return r
	}
	return p.reloads[len(p.reloads)-1]
}

// living lists the workers that are not gone, by slot and then by age.
func (p *pool) living() []*member {
	list := make([]*member, 0, len(p.workers))
	for _, m := range p.workers {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *member) int {
		if a.Slot != b.Slot {
			return a.Slot - b.Slot
		}
		if a.Generation != b.Generation {
			return b.Generation - a.Generation
		}
		return b.StartedAt.Compare(a.StartedAt)
	})
	return list
}

// serving are the ready workers of a generation that have a slot.
func (p *pool) serving(generation int) (ids []string) {
	for _, s := range p.slots {
		if s.servedBy(generation) {
			ids = append(ids, s.duty.ID)
		}
	}
	return ids
}

// followed are the ids of those that have a process.
func (p *pool) followed() (ids []string) {
	for id, m := range p.workers {
		if m.followed() && m.PID != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// draining are the ids of the draining workers that are older than r.
func (p *pool) draining(r *Reload) (ids []string) {
	for id, m := range p.workers {
		if m.State == WorkerDraining && m.PID != 0 && m.Generation < r.Generation {
			ids = append(ids, id)
		}
	}
	return ids
}
