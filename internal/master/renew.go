package master

// How a single worker is replaced by another of its generation, without a reload.

// forbidsRenewal says why a worker can't be replaced by itself, or nil.
func (p *pool) forbidsRenewal(m *member) error {
	s := p.slotOf(m)
	switch {
	case m.State == WorkerDraining:
		return conflict("the worker drains already")
	case p.rotating != nil:
		return conflict("reload %s is changing the workers; ask again when it has ended its rotation", p.rotating.ID)
	case s == nil:
		return conflict("the worker has no slot any more")
	case s.next == m:
		return conflict("the worker is starting, to replace another")
	case m.State == WorkerStarting:
		return conflict("the worker is still starting")
	case m.Generation != p.generation:
		return conflict("generation %d can't be started any more, because generation %d serves; reload instead", m.Generation, p.generation)
	}
	return nil
}

// renew starts another worker of the same generation, which takes over when it is ready.
func (p *pool) renew(m *member) {
	s := p.slotOf(m)
	if p.stopping || p.forbidsRenewal(m) != nil || s.next != nil {
		return
	}
	s.next = p.start(s, p.generation, p.terms[p.generation].startTimeout, nil)
}

// renewing reports whether a worker is being replaced without a reload.
func (p *pool) renewing() bool {
	if p.rotating != nil {
		return false
	}
	for _, s := range p.slots {
		if s.next != nil {
			return true
		}
	}
	return false
}
