package pool

import "rota/internal/record"

// forbidsRenewal says why the worker can't be renewed now, or nil.
func (p *Pool) forbidsRenewal(m *member) error {
	s := p.slotOf(m)
	switch {
	case m.State == record.WorkerDraining:
		return conflict("the worker drains already")
	case p.rotating != nil:
		return conflict("reload %s is changing the workers; ask again when it has ended its rotation", p.rotating.ID)
	case s == nil:
		return conflict("the worker has no slot any more")
	case s.next == m:
		return conflict("the worker is starting, to replace another")
	case m.State == record.WorkerStarting:
		return conflict("the worker is still starting")
	case m.Generation != p.generation:
		return conflict("generation %d can't be started any more, because generation %d serves; reload instead", m.Generation, p.generation)
	}
	return nil
}

// renew replaces a worker without a reload: it starts another of the same generation, which takes over when
// it is ready. Asking again while it starts changes nothing.
func (p *Pool) renew(id string) error {
	if p.stopping {
		return record.ErrStopping
	}
	m := p.workers[id]
	if m == nil {
		if _, known := p.Worker(id); known {
			return conflict("the worker is gone")
		}
		return record.ErrNoWorker
	}
	if err := p.forbidsRenewal(m); err != nil {
		return err
	}
	if s := p.slotOf(m); s.next == nil {
		s.next = p.start(s, p.generation, p.terms[p.generation].StartTimeout, nil)
	}
	return nil
}

// ReplacementOf is the worker that starts to replace this one; false: there is none.
func (p *Pool) ReplacementOf(id string) (record.Worker, bool) {
	if m := p.workers[id]; m != nil {
		if s := p.slotOf(m); s != nil && s.next != nil {
			return s.next.Worker, true
		}
	}
	return record.Worker{}, false
}

// renewing reports whether a worker is being replaced without a reload.
func (p *Pool) renewing() bool {
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
