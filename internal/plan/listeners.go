package plan

import (
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/pool"
)

// Endpoints are the bound sockets of all listeners.
func (p *Plan) Endpoints() []kernel.Listener {
	var list []kernel.Listener
	for _, l := range p.Listeners {
		list = append(list, l.Endpoints()...)
	}
	return list
}

// CloseNew closes the listeners that are not among those open before.
func (p *Plan) CloseNew(open []*listen.Binding) {
	for _, l := range p.Listeners {
		if !slices.Contains(open, l.Binding) {
			l.Close()
		}
	}
}

// TrimNew closes the sockets of slots that the pool no longer has, because it was scaled down meanwhile. It
// leaves the listeners alone that were open before.
func (p *Plan) TrimNew(size int, open []*listen.Binding) {
	for _, l := range p.Listeners {
		if !slices.Contains(open, l.Binding) {
			l.Trim(size)
		}
	}
}

// Terms are the part of the plan that the pool needs.
func (p *Plan) Terms() pool.Terms {
	return pool.Terms{
		Workers:      p.Workers,
		StartTimeout: p.StartTimeout,
		DrainTimeout: p.DrainTimeout,
		Strategy:     p.Strategy,
		Checks:       len(p.Checks) > 0,
		Provable:     p.provable(),
		MaxDraining:  p.MaxDraining,
		Program:      &p.summary,
	}
}

// provable reports whether there is a listener through which probes can reach the workers.
func (p *Plan) provable() bool {
	return p.ProbeInterval > 0 && slices.ContainsFunc(p.Listeners, func(l listen.Listener) bool { return l.Stream() })
}

// LastSockets are the sockets of a slot's worker that no later worker will get, in a pool of this size.
func (p *Plan) LastSockets(slot, size int) []kernel.Listener {
	var list []kernel.Listener
	for _, l := range p.Listeners {
		if l.Inherited {
			continue // it outlives the worker
		}
		for i, s := range l.Sockets {
			own := l.Asked.ReusePort && i == slot
			if own && slot >= size || l.Leaving && (own || !l.Asked.ReusePort) {
				list = append(list, s.Kernel)
			}
		}
	}
	return list
}
