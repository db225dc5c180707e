package master

import (
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
)

// What becomes of a socket that no plan has any more, while workers that drain may still hold it. As
// long as one does, nobody can bind the address, rota neither: so it keeps the socket as well, in
// order to have it when the next reload wants the listener back, and closes it after the last of them.

// letGo gives up a listener of a plan that is dropped.
func (l *loop) letGo(b *listen.Binding) {
	b.Back = false
	if b.Users > 1 || b.Inherited || b.Asked.IsPath() || b.Dead || l.closed {
		b.Drop() // whoever gave it has it, and a path can be bound again
		return
	}
	if !b.Leaving {
		b.Leaving = true
		b.TurnAway()
	}
	l.lingering = append(l.lingering, b)
	l.lookSoon()
}

// offer returns the sockets that the next plan may take back, each with a hold.
func (l *loop) offer() (list []*listen.Binding) {
	for _, b := range l.lingering {
		if ok, err := kernel.Listening(b.First.FD); err == nil && (ok || b.First.ListenAgain()) {
			b.Users++
			list = append(list, b)
		}
	}
	return list
}

// takeBack leaves those to a plan that it has a use for. They stay closed until a worker of it is ready.
func (l *loop) takeBack(p *plan.Plan) {
	for _, listener := range p.Listeners {
		listener.Back = listener.Leaving
		if i := slices.Index(l.lingering, listener.Binding); i >= 0 {
			l.lingering = slices.Delete(l.lingering, i, i+1)
			listener.Drop() // the plan has its own hold
		}
	}
}

// open has clients come to a listener again that was given up before.
func (l *loop) open(b *listen.Binding) {
	b.Leaving, b.Back = false, false
	b.Invite()
	l.options.Log.Info().Str("listener", b.Asked.Name).Str("address", b.BoundAddress()).
		Msg("listener is opened again: a generation has it that workers were draining from")
}

// closeLingering closes those that fit.
func (l *loop) closeLingering(fits func(*listen.Binding) bool) {
	l.lingering = slices.DeleteFunc(l.lingering, func(b *listen.Binding) bool {
		if fits(b) {
			b.Drop()
			return true
		}
		return false
	})
}

// leftovers are the workers of plans that are dropped.
func (l *loop) leftovers() (workers []string) {
	for id, m := range l.minders {
		if l.plans[m.Start.Generation] == nil {
			workers = append(workers, id)
		}
	}
	return workers
}

// closeUnheld closes the lingering sockets that no worker holds any more. It returns whether some are left.
func (c *caretaker) closeUnheld() bool {
	looked, workers, err := c.lingering() // another socket that comes meanwhile may be held by workers that are not looked at
	if err != nil || len(looked) == 0 {
		return false
	}
	families, err := c.observer.Families(workers)
	if err != nil {
		return true // the loop closes them when those workers are gone
	}
	held := map[uint64]bool{}
	for _, family := range families {
		inodes, err := family.SocketInodes()
		if err != nil {
			return true
		}
		for _, inode := range inodes {
			held[inode] = true
		}
	}
	return c.closeLingering(looked, held)
}
