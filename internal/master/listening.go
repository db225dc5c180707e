package master

import (
	"slices"

	"rota/internal/kernel"
)

// How the loop treats the sockets that plans share: whose they are, who is led to them, and that
// nobody is lost when one of them goes.

// endpoints are all sockets whose connections a worker may have.
func (l *loop) endpoints() []kernel.Listener {
	var list []kernel.Listener
	seen := map[uint64]bool{}
	add := func(more []kernel.Listener) {
		for _, e := range more {
			if !seen[e.Inode] {
				seen[e.Inode] = true
				list = append(list, e)
			}
		}
	}
	if serving := l.plans[l.pool.servingGeneration()]; serving != nil {
		add(serving.endpoints()) // its names come before those of older and newer generations
	}
	for _, p := range l.plans {
		add(p.endpoints())
	}
	for _, r := range l.past {
		add(r.endpoints)
	}
	return list
}

// addresses are those of the generation that serves, or did when the sockets were given up.
func (l *loop) addresses() []ListenAddress {
	if l.closed {
		return l.lastAt
	}
	var list []ListenAddress
	if serving := l.plans[l.pool.servingGeneration()]; serving != nil {
		for _, listener := range serving.listeners {
			list = append(list, listener.bound())
		}
	}
	return list
}

// targets are those where clients are to be served now: not one that is given up.
func (l *loop) targets() []ListenAddress {
	serving := l.plans[l.pool.servingGeneration()]
	if l.closed || serving == nil {
		return nil
	}
	var list []ListenAddress
	for _, listener := range serving.listeners {
		if !listener.leaving {
			list = append(list, listener.bound())
		}
	}
	return list
}

// launchSpec is what a worker is made from, with a hold of all its descriptors.
func (l *loop) launchSpec(e start, p *plan) (launchSpec, error) {
	spec := launchSpec{worker: e.worker, slot: e.slot, generation: e.generation, revision: e.revision, plan: p}
	for _, listener := range p.listeners {
		s, err := listener.forSlot(e.slot)
		if err != nil {
			return spec, err
		}
		spec.sockets = append(spec.sockets, inherited{s, listener.Name})
	}
	spec.hold()
	return spec, nil
}

// retire turns away who comes to listeners that the next generation does without.
func (l *loop) retire(old, next *plan) {
	for _, was := range old.listeners {
		if !slices.ContainsFunc(next.listeners, func(is listener) bool { return is.binding == was.binding }) {
			was.turnAway()
			was.leaving, was.back = true, false
			l.options.Log.Info().Str("listener", was.Name).Str("address", was.address()).
				Msg("listener is given up: the generation that serves next does not have it")
		}
	}
}

// restore takes back what retire did: the generation serves again.
func (l *loop) restore(p *plan) {
	for _, listener := range p.listeners {
		if listener.leaving {
			listener.leaving, listener.back = false, false
			listener.invite()
			l.options.Log.Info().Str("listener", listener.Name).Str("address", listener.address()).
				Msg("listener is opened again: the generation that has it is to serve again")
		}
	}
}

// shrink keeps new connections away from the sockets of slots that are no more.
func (l *loop) shrink(size int) {
	for _, p := range l.plans {
		for _, listener := range p.listeners {
			if err := listener.dismiss(size); err != nil {
				l.options.Log.Warn().Err(err).Msg("connections may be lost while the pool shrinks")
			}
		}
	}
}

// admit lets new connections come to the sockets of a worker that is ready, and keeps what it was seen to serve.
func (l *loop) admit(e admit) {
	m := l.minders[e.worker]
	if m == nil {
		return
	}
	if m.start.slot < l.pool.size() {
		l.lead(m)
	}
	l.getsReady(m, e.how)
	l.leaveEndings(m)
}

// lead has new connections come to the worker.
func (l *loop) lead(m *supervised) {
	for _, listener := range m.plan.listeners {
		if listener.back {
			l.open(listener.binding)
		}
		if err := listener.admit(m.start.slot); err != nil {
			l.options.Log.Warn().Err(err).Int("slot", m.start.slot).Msg("new connections don't come to a slot's own socket")
		}
	}
}

// closeListeners gives up the master's hold of every socket.
func (l *loop) closeListeners() {
	l.lastAt = l.addresses()
	l.closed = true
	l.closeLingering(func(*binding) bool { return true })
	for _, p := range l.plans {
		for _, listener := range p.listeners {
			listener.turnAway()
		}
	}
	for generation, p := range l.plans {
		l.past = append(l.past, retired{generation, p.endpoints()})
		for _, listener := range p.listeners {
			if !listener.given { // whoever gave it may go on listening
				l.lastHeld = append(l.lastHeld, listener.endpoints()...)
			}
		}
		for _, listener := range p.listeners {
			listener.drop()
		}
		p.listeners = nil
	}
}

// claimFiles gives the files of unix sockets that are older than the plan the owner and the mode
// that it wants.
func (l *loop) claimFiles(p *plan) {
	for _, listener := range p.listeners {
		if listener.given || !listener.isPath() || listener.ListenAddress == listener.asked {
			continue
		}
		if err := listener.first.claimFile(listener.ListenAddress); err != nil {
			l.options.Log.Error().Err(err).Str("listener", listener.Name).Msg("the socket's file keeps its owner or mode")
		}
		listener.asked = listener.ListenAddress
	}
}
