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
