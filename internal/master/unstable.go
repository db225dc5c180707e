package master

import (
	"fmt"
	"slices"
	"time"
)

// How a reload is judged at its end, when the trial is long over: by the workers that there are.

// complete ends a reload whose last older worker is gone.
func (p *pool) complete(r *Reload) {
	if !p.stopping { // else that was judged before every slot was emptied
		r.Failure = p.unstable(r)
	}
	p.moveReload(r, ReloadCompleted, r.completion(p.now))
}

// unstable is why a reload that ends now is no success: workers have died, and a slot is in a crash loop or has no
// ready one, be it of a later generation. nil: nothing speaks against it.
func (p *pool) unstable(r *Reload) *Failure {
	shaky := slices.DeleteFunc(slices.Clone(p.slots), func(s *slot) bool { return !s.shaky(p.now) })
	if len(shaky) == 0 {
		return nil
	}
	first := shaky[0]
	return &Failure{Code: Unstable, Message: describeShaky(shaky, r.Generation), WorkerID: first.died.ID, Slot: first.number, Output: first.words}
}

// shaky reports whether nobody can rely on the slot since a worker died in it.
func (s *slot) shaky(now time.Time) bool {
	ready := s.duty != nil && s.duty.State == WorkerReady
	return s.died != nil && (!ready || s.looping(now))
}

// describeShaky tells of the first of the slots, and how many more there are.
func describeShaky(slots []*slot, generation int) string {
	s := slots[0]
	state := "has no ready worker"
	if s.duty != nil && s.duty.State == WorkerReady {
		state = "is in a crash loop"
	}
	last := "the last worker"
	if s.died.Generation != generation {
		last += ", of generation " + itoa(s.died.Generation) + ","
	}
	text := fmt.Sprintf("slot %d %s: %s, %s %s", s.number, state, plural(s.deaths, "death", "deaths in a row"), last, s.died.Ending())
	if others := len(slots) - 1; others > 0 {
		text += "; " + plural(others, "other slot is no better", "other slots are no better")
	}
	return text
}

// judgeLive is for when the master stops: from then on every slot is empty, which says nothing about a reload.
func (p *pool) judgeLive() {
	for _, r := range p.reloads {
		if r.State == ReloadLive {
			r.Failure = p.unstable(r)
		}
	}
}
