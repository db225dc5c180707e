package master

import "fmt"

// CanaryTooLarge is returned for a reload whose canary would be the whole pool.
type CanaryTooLarge struct{ Canary, Slots int }

func (e CanaryTooLarge) Error() string {
	return fmt.Sprintf("a canary of %d leaves none of the %s for later; it can be at most %d, so leave it out or have more workers",
		e.Canary, plural(e.Slots, "slot", "slots"), e.Slots-1)
}

// fits says why the strategy can't be followed with so many slots.
func (s Strategy) fits(slots int) error {
	if s.Canary >= slots && s.Canary > 0 {
		return CanaryTooLarge{Canary: s.Canary, Slots: slots}
	}
	return nil
}

// sizeFor is how many slots the pool gets from a generation of so many workers. A pool that was scaled by hand stays
// as it is unless the settings have changed.
func (p *pool) sizeFor(workers int) int {
	if workers == p.terms[p.generation].workers {
		return len(p.slots)
	}
	return workers
}

// canaryFits returns a CanaryTooLarge for a request whose canary is known to leave no slot for later. Where other reloads come
// first, they may change the pool's size: then it is for the plan to say.
func (m *Master) canaryFits(request ReloadRequest) error {
	if request.Canary == nil {
		return nil
	}
	wish := Strategy{Canary: *request.Canary}
	fits := func(workers int) (err error) {
		_ = m.ask(func(l *loop) {
			if workers == 0 {
				workers = l.pool.terms[l.pool.generation].workers
			}
			if l.pool.rotating == nil && l.pool.queued == nil {
				err = wish.fits(l.pool.sizeFor(workers))
			}
		})
		return err
	}
	err := fits(0)
	if err == nil || m.options.Reread == nil {
		return err
	}
	spec, unread := m.options.Reread() // which may want a larger pool
	if unread != nil {
		return nil // the plan will complain of that
	}
	return fits(spec.withDefaults().Workers)
}
