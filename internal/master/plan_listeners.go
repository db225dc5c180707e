package master

import (
	"slices"

	"rota/internal/kernel"
)

func (p *plan) endpoints() []kernel.Listener {
	var list []kernel.Listener
	for _, l := range p.listeners {
		list = append(list, l.endpoints()...)
	}
	return list
}

// closeNew closes the listeners that are not among those open before.
func (p *plan) closeNew(open []*binding) {
	for _, l := range p.listeners {
		if !slices.Contains(open, l.binding) {
			l.close()
		}
	}
}

// fit closes the sockets of slots that the pool does not have any more because somebody has scaled it: no
// worker would serve them.
func (p *plan) fit(size int, open []*binding) {
	for _, l := range p.listeners {
		if !slices.Contains(open, l.binding) {
			l.trim(size)
		}
	}
}

func (p *plan) terms() terms {
	return terms{
		workers:      p.Workers,
		startTimeout: p.StartTimeout,
		drainTimeout: p.DrainTimeout,
		strategy:     p.Strategy,
		checks:       len(p.Checks) > 0,
		provable:     p.provable(),
		maxDraining:  p.MaxDraining,
		program:      &p.shown,
	}
}

// provable reports whether there is a listener through which probes can reach the workers.
func (p *plan) provable() bool {
	return p.ProbeInterval > 0 && slices.ContainsFunc(p.listeners, func(l listener) bool { return l.stream() })
}

// lastSockets are the sockets of a slot's worker that no later worker will have in a pool of this size.
func (p *plan) lastSockets(slot, size int) []kernel.Listener {
	var list []kernel.Listener
	for _, l := range p.listeners {
		if l.given {
			continue // it outlives the worker
		}
		for i, s := range l.sockets {
			own := l.asked.ReusePort && i == slot
			if own && slot >= size || l.leaving && (own || !l.asked.ReusePort) {
				list = append(list, s.kernel)
			}
		}
	}
	return list
}
