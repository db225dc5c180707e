package pool

import (
	"iter"
	"slices"
	"time"

	"rota/internal/record"
)

// Queries change nothing. A *record.Reload that they return is the pool's own: read it in the loop, or take a
// CopyOf it.

// Current is the reload that the status shows: the one that rotates, else the newest that is live.
func (p *Pool) Current() *record.Reload { return p.current().kept() }

func (p *Pool) current() *reload {
	if p.rotating != nil {
		return p.rotating.reload
	}
	for _, r := range slices.Backward(p.reloads) {
		if r.State == record.ReloadLive {
			return r
		}
	}
	return nil
}

// UnderWay is the reload that rotates, or nil.
func (p *Pool) UnderWay() *record.Reload {
	if p.rotating == nil {
		return nil
	}
	return p.rotating.kept()
}

// Reload finds a reload by its id, or nil.
func (p *Pool) Reload(id string) *record.Reload { return p.reload(id).kept() }

func (p *Pool) reload(id string) *reload {
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

// Worker is a worker, also one of the latest that are gone.
func (p *Pool) Worker(id string) (record.Worker, bool) {
	if m, ok := p.workers[id]; ok {
		return m.Worker, true
	}
	for _, w := range p.gone {
		if w.ID == id {
			return w, true
		}
	}
	return record.Worker{}, false
}

// Alive is a worker that is not gone; false if it is, or never was.
func (p *Pool) Alive(id string) (record.Worker, bool) {
	if m, ok := p.workers[id]; ok {
		return m.Worker, true
	}
	return record.Worker{}, false
}

// Withdrew reports whether the worker was seen to have stopped accepting before it ended.
func (p *Pool) Withdrew(id string) bool { return p.workers[id] != nil && p.workers[id].withdrew }

// OfReload reports whether a reload has started the worker, or drains it.
func (p *Pool) OfReload(id string) bool { return p.workers[id] != nil && p.workers[id].reload != nil }

// OnDuty is the worker that serves the slot, or starts because no other serves it.
func (p *Pool) OnDuty(slot int) (record.Worker, bool) {
	if slot >= len(p.slots) || p.slots[slot].duty == nil {
		return record.Worker{}, false
	}
	return p.slots[slot].duty.Worker, true
}

// Size is the number of slots.
func (p *Pool) Size() int { return len(p.slots) }

// Stopping reports whether the master was told to stop.
func (p *Pool) Stopping() bool { return p.stopping }

// Totals are the counts since the master started.
func (p *Pool) Totals() record.Totals { return p.totals }

// CrashLoops are the slots that are in a crash loop.
func (p *Pool) CrashLoops(now time.Time) (slots []int) {
	for _, s := range p.slots {
		if s.looping(now) {
			slots = append(slots, s.number)
		}
	}
	return slots
}

// Backoff is a slot that waits before another worker is started in it.
type Backoff struct {
	Slot   int
	Deaths int           // in a row
	Last   record.Worker // that died in it
}

// Backoffs are the slots that wait, by number.
func (p *Pool) Backoffs() (list []Backoff) {
	for _, s := range p.slots {
		if s.retrying && s.died != nil {
			list = append(list, Backoff{Slot: s.number, Deaths: s.deaths, Last: *s.died})
		}
	}
	return list
}

// ServingGeneration is the generation that serves, and that a crash or a scale starts.
func (p *Pool) ServingGeneration() int { return p.generation }

// OtherGeneration is the generation that a rotation starts from or leads to, besides the one that serves;
// false if no rotation has a plan.
func (p *Pool) OtherGeneration() (int, bool) {
	switch {
	case !p.Planned():
		return 0, false
	case p.rotating.State == record.ReloadLive:
		return p.rotating.before, true
	}
	return p.rotating.Generation, true
}

// Keeps reports whether workers of the generation may still be started.
func (p *Pool) Keeps(generation int) bool {
	_, kept := p.terms[generation]
	return kept
}

// History are the reloads, oldest first. The loop goes through them after each fact, so there is no list of its own.
func (p *Pool) History() iter.Seq[*record.Reload] {
	return func(yield func(*record.Reload) bool) {
		for _, r := range p.reloads {
			if !yield(r.kept()) {
				return
			}
		}
	}
}

// Renewable are the ids of the workers on duty that are not being replaced, and how many are.
func (p *Pool) Renewable() (workers []string, replacing int) {
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

// AnswerTo is the reload that an accepted request has led to.
func (p *Pool) AnswerTo(request record.ReloadRequest) *record.Reload {
	if r, err := p.asked(request, p.now); r != nil && err == nil {
		return r.kept()
	}
	return p.reloads[len(p.reloads)-1].kept()
}

// Living lists the workers that are not gone, by slot, the newest first within one.
func (p *Pool) Living() []record.Worker {
	var list []record.Worker
	for _, m := range p.living() {
		list = append(list, m.Worker)
	}
	return list
}

func (p *Pool) living() []*member {
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

// Serving are the ids of the generation's ready workers that are on duty.
func (p *Pool) Serving(generation int) (ids []string) {
	for _, s := range p.slots {
		if s.servedBy(generation) {
			ids = append(ids, s.duty.ID)
		}
	}
	return ids
}

// Followed are the ids of the workers with a process whose connections a receipt has to count.
func (p *Pool) Followed() (ids []string) {
	for id, m := range p.workers {
		if m.followed() && m.PID != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// Draining are the ids of the draining workers of generations before that of r.
func (p *Pool) Draining(r *record.Reload) (ids []string) {
	for id, m := range p.workers {
		if m.State == record.WorkerDraining && m.PID != 0 && m.Generation < r.Generation {
			ids = append(ids, id)
		}
	}
	return ids
}

// CopyOf copies the reload for a reader.
func (p *Pool) CopyOf(r *record.Reload) record.Reload {
	c := r.Clone()
	c.OnTrial = p.UnderWay() == r && !r.State.Terminal()
	return c
}

func (p *Pool) copyOf(r *reload) record.Reload { return p.CopyOf(r.kept()) }
