package pool

import (
	"fmt"
	"slices"
	"time"

	"rota/internal/record"
)

// complete ends a reload whose last older worker is gone. The reload is judged once more, by the workers of
// this moment: its trial may be long over.
func (p *Pool) complete(r *reload) {
	if !p.stopping { // else it was judged before the slots were emptied
		r.Failure = p.unstable(r)
	}
	p.moveReload(r, record.ReloadCompleted, r.Completion(p.now))
}

// unstable says why a reload that completes now is no success: workers have died, and a slot is in a crash
// loop or has no ready worker of any generation. It is nil if the reload is a success.
func (p *Pool) unstable(r *reload) *record.Failure {
	shaky := slices.DeleteFunc(slices.Clone(p.slots), func(s *slot) bool { return !s.shaky(p.now) })
	if len(shaky) == 0 {
		return nil
	}
	first := shaky[0]
	return &record.Failure{Code: record.Unstable, Message: describeShaky(shaky, r.Generation), WorkerID: first.died.ID, Slot: first.number, Output: first.words}
}

// shaky reports whether a worker has died in the slot, and it has no ready worker or is in a crash loop.
func (s *slot) shaky(now time.Time) bool {
	ready := s.duty != nil && s.duty.State == record.WorkerReady
	return s.died != nil && (!ready || s.looping(now))
}

// describeShaky describes the first of the slots, and counts the others.
func describeShaky(slots []*slot, generation int) string {
	s := slots[0]
	state := "has no ready worker"
	if s.duty != nil && s.duty.State == record.WorkerReady {
		state = "is in a crash loop"
	}
	last := "the last worker"
	if s.died.Generation != generation {
		last += ", of generation " + itoa(s.died.Generation) + ","
	}
	text := fmt.Sprintf("slot %d %s: %s, %s %s", s.number, state, record.Plural(s.deaths, "death", "deaths in a row"), last, s.died.Ending())
	if others := len(slots) - 1; others > 0 {
		text += "; " + record.Plural(others, "other slot is no better", "other slots are no better")
	}
	return text
}

// judgeLive judges the live reloads when the master stops, before the slots are emptied.
func (p *Pool) judgeLive() {
	for _, r := range p.reloads {
		if r.State == record.ReloadLive {
			r.Failure = p.unstable(r)
		}
	}
}
