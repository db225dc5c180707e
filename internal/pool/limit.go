package pool

import (
	"cmp"
	"slices"

	"rota/internal/record"
)

// limitDraining kills the oldest draining generations when there are too many. Otherwise a program whose
// connections outlast the time between two deploys would fill the machine with old workers.
func (p *Pool) limitDraining() {
	most := p.terms[p.generation].MaxDraining
	if most == 0 {
		return
	}
	var draining []*member
	generations := map[int]bool{}
	for _, m := range p.workers {
		if m.State == record.WorkerDraining {
			draining = append(draining, m)
			generations[m.Generation] = true
		}
	}
	extra := len(generations) - most
	if extra <= 0 {
		return
	}
	slices.SortFunc(draining, func(a, b *member) int {
		return cmp.Or(a.Generation-b.Generation, a.Slot-b.Slot)
	})
	for ; extra > 0; extra-- {
		oldest := draining[0].Generation
		for len(draining) > 0 && draining[0].Generation == oldest {
			p.cutShort(draining[0], most)
			draining = draining[1:]
		}
	}
}

func (p *Pool) cutShort(m *member, most int) {
	if m.killed {
		return
	}
	m.killed = true
	p.step(m.reload, "killed", m, "more than "+record.Plural(most, "generation", "generations")+" drained, and it was of the oldest")
	p.want(Kill{Worker: m.ID})
}
