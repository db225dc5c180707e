package master

// How a single worker is replaced by another of the same generation, without a reload.

// forbidsRenewal says why the worker can't be renewed now, or nil.
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

// renew starts another worker of the same generation, which takes over when it is ready. Asking again while it
// starts changes nothing.
func (p *pool) renew(id string) error {
	if p.stopping {
		return ErrStopping
	}
	m := p.workers[id]
	if m == nil {
		if _, known := p.worker(id); known {
			return conflict("the worker is gone")
		}
		return ErrNoWorker
	}
	if err := p.forbidsRenewal(m); err != nil {
		return err
	}
	if s := p.slotOf(m); s.next == nil {
		s.next = p.start(s, p.generation, p.terms[p.generation].startTimeout, nil)
	}
	return nil
}

// replacementOf is the worker that starts to replace this one; nil for none.
func (p *pool) replacementOf(id string) *member {
	if m := p.workers[id]; m != nil {
		if s := p.slotOf(m); s != nil {
			return s.next
		}
	}
	return nil
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
