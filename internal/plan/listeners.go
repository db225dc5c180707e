package plan

import (
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/pool"
)

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

// Fit closes the sockets of slots that the pool does not have any more because somebody has scaled it: no
// worker would serve them.
func (p *Plan) Fit(size int, open []*listen.Binding) {
	for _, l := range p.Listeners {
		if !slices.Contains(open, l.Binding) {
			l.Trim(size)
		}
	}
}

func (p *Plan) Terms() pool.Terms {
	return pool.Terms{
		Workers:      p.Workers,
		StartTimeout: p.StartTimeout,
		DrainTimeout: p.DrainTimeout,
		Strategy:     p.Strategy,
		Checks:       len(p.Checks) > 0,
		Provable:     p.provable(),
		MaxDraining:  p.MaxDraining,
		Program:      &p.shown,
	}
}

// provable reports whether there is a listener through which probes can reach the workers.
func (p *Plan) provable() bool {
	return p.ProbeInterval > 0 && slices.ContainsFunc(p.Listeners, func(l listen.Listener) bool { return l.Stream() })
}

// LastSockets are the sockets of a slot's worker that no later worker will have in a pool of this size.
func (p *Plan) LastSockets(slot, size int) []kernel.Listener {
	var list []kernel.Listener
	for _, l := range p.Listeners {
		if l.Given {
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
