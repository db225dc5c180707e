package observer

import (
	"maps"
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// Families finds the processes of the workers.
func (o *Observer) Families(workers []string) (map[string]kernel.Family, error) {
	return o.Looks.Families(workers)
}

// findFamilies finds the processes of the workers. A process that was one of a worker's stays so, whatever it does to
// hide that, so what is found is remembered.
func (o *Observer) findFamilies(workers []string) (map[string]kernel.Family, error) {
	wanted := make(map[string]bool, len(workers))
	for _, id := range workers {
		wanted[id] = true
	}
	roots, err := o.loop.Roots()
	if err != nil {
		return nil, err
	}
	for id, root := range roots {
		root.Aside = !wanted[id]
		roots[id] = root
	}
	families, _, err := kernel.Families(roots)
	if err != nil {
		return nil, err
	}
	return families, o.loop.Remember(families)
}

// FamilyOf finds the processes of one worker, as far as that is possible. Many who ask at once share a look.
func (o *Observer) FamilyOf(worker string) kernel.Family {
	select {
	case families := <-o.families.join(o, worker):
		return slices.Clone(families[worker])
	case <-o.done:
		return nil
	}
}

// DropEnded leaves out the workers whose processes have begun to exit: their last count stands.
func (o *Observer) DropEnded(held map[string][]listen.Connection) {
	families, _ := o.Families(slices.Collect(maps.Keys(held)))
	for id, family := range families {
		if family.Ended() {
			delete(held, id)
		}
	}
}
