package gauge

import (
	"slices"

	"rota/internal/listen"
)

// targets are the endpoints that can be probed: there are no connections to a datagram socket.
func (g *Gauge) targets() []listen.Spec {
	return slices.DeleteFunc(slices.Clone(g.Endpoints()), func(a listen.Spec) bool { return !a.Stream() })
}

// target is the listener whose turn it is. While the gauge looks for a proof, it is one of those that lack it.
func (g *Gauge) target() (listen.Spec, bool) {
	list := g.targets()
	if g.proof != nil {
		proven := func(a listen.Spec) bool { return !g.ledger(a).lacksProof() }
		if lacking := slices.DeleteFunc(slices.Clone(list), proven); len(lacking) > 0 {
			list = lacking
		}
	}
	if len(list) == 0 {
		return listen.Spec{}, false
	}
	return list[g.turn%len(list)], true
}

// isEndpoint reports whether clients are still to be served at the listener. A probe that meets a listener as it is
// given up is turned away, which is no loss.
func (g *Gauge) isEndpoint(a listen.Spec) bool { return slices.Contains(g.Endpoints(), a) }
