package master

import (
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
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
	if serving := l.plans[l.pool.ServingGeneration()]; serving != nil {
		add(serving.Endpoints()) // its names come before those of older and newer generations
	}
	for _, p := range l.plans {
		add(p.Endpoints())
	}
	for _, r := range l.past {
		add(r.endpoints)
	}
	return list
}

// addresses are those of the generation that serves, or did when the sockets were given up.
func (l *loop) addresses() []listen.Spec {
	if l.closed {
		return l.lastAt
	}
	var list []listen.Spec
	if serving := l.plans[l.pool.ServingGeneration()]; serving != nil {
		for _, listener := range serving.Listeners {
			list = append(list, listener.Bound())
		}
	}
	return list
}

// targets are those where clients are to be served now: not one that is given up.
func (l *loop) targets() []listen.Spec {
	serving := l.plans[l.pool.ServingGeneration()]
	if l.closed || serving == nil {
		return nil
	}
	var list []listen.Spec
	for _, listener := range serving.Listeners {
		if !listener.Leaving {
			list = append(list, listener.Bound())
		}
	}
	return list
}

// launchSpec is what a worker is made from, with a hold of all its descriptors.
func (l *loop) launchSpec(e pool.Start, p *plan.Plan) (process.LaunchSpec, error) {
	spec := process.LaunchSpec{Worker: e.Worker, Slot: e.Slot, Generation: e.Generation, Revision: e.Revision, Plan: p}
	for _, listener := range p.Listeners {
		s, err := listener.ForSlot(e.Slot)
		if err != nil {
			return spec, err
		}
		spec.Sockets = append(spec.Sockets, process.PassedSocket{Socket: s, Name: listener.Name})
	}
	spec.Hold()
	return spec, nil
}

// retire turns away who comes to listeners that the next generation does without.
func (l *loop) retire(old, next *plan.Plan) {
	for _, was := range old.Listeners {
		if !slices.ContainsFunc(next.Listeners, func(is listen.Listener) bool { return is.Binding == was.Binding }) {
			was.TurnAway()
			was.Leaving, was.Back = true, false
			l.options.Log.Info().Str("listener", was.Name).Str("address", was.BoundAddress()).
				Msg("listener is given up: the generation that serves next does not have it")
		}
	}
}

// restore takes back what retire did: the generation serves again.
func (l *loop) restore(p *plan.Plan) {
	for _, listener := range p.Listeners {
		if listener.Leaving {
			listener.Leaving, listener.Back = false, false
			listener.Invite()
			l.options.Log.Info().Str("listener", listener.Name).Str("address", listener.BoundAddress()).
				Msg("listener is opened again: the generation that has it is to serve again")
		}
	}
}

// shrink keeps new connections away from the sockets of slots that are no more.
func (l *loop) shrink(size int) {
	for _, p := range l.plans {
		for _, listener := range p.Listeners {
			if err := listener.Dismiss(size); err != nil {
				l.options.Log.Warn().Err(err).Msg("connections may be lost while the pool shrinks")
			}
		}
	}
}

// admit lets new connections come to the sockets of a worker that is ready, and keeps what it was seen to serve.
func (l *loop) admit(e pool.Admit) {
	m := l.minders[e.Worker]
	if m == nil {
		return
	}
	if m.Start.Slot < l.pool.Size() {
		l.lead(m)
	}
	l.getsReady(m, e.How)
	l.endings.Leave(e.Worker)
}

// lead has new connections come to the worker.
func (l *loop) lead(m *supervised) {
	for _, listener := range m.plan.Listeners {
		if listener.Back {
			l.open(listener.Binding)
		}
		if err := listener.Admit(m.Start.Slot); err != nil {
			l.options.Log.Warn().Err(err).Int("slot", m.Start.Slot).Msg("new connections don't come to a slot's own socket")
		}
	}
}

// closeListeners gives up the master's hold of every socket.
func (l *loop) closeListeners() {
	l.lastAt = l.addresses()
	l.closed = true
	l.closeLingering(func(*listen.Binding) bool { return true })
	for _, p := range l.plans {
		for _, listener := range p.Listeners {
			listener.TurnAway()
		}
	}
	for generation, p := range l.plans {
		l.past = append(l.past, retired{generation, p.Endpoints()})
		for _, listener := range p.Listeners {
			if !listener.Inherited { // whoever gave it may go on listening
				l.lastHeld = append(l.lastHeld, listener.Endpoints()...)
			}
		}
		for _, listener := range p.Listeners {
			listener.Drop()
		}
		p.Listeners = nil
	}
}

// claimFiles gives the files of unix sockets that are older than the plan the owner and the mode
// that it wants.
func (l *loop) claimFiles(p *plan.Plan) {
	for _, listener := range p.Listeners {
		if listener.Inherited || !listener.IsPath() || listener.Spec == listener.Asked {
			continue
		}
		if err := listener.First.ClaimFile(listener.Spec); err != nil {
			l.options.Log.Error().Err(err).Str("listener", listener.Name).Msg("the socket's file keeps its owner or mode")
		}
		listener.Asked = listener.Spec
	}
}
