package pool

import "rota/internal/record"

// How far the reloads are, and how many connections the older workers still have.

// settle completes the reloads whose last older worker is gone, and publishes progress. Progress of the
// current reload is published at each change. Each exit changes all earlier reloads, so theirs is published
// only when connections were counted.
func (p *Pool) settle() {
	current := p.current()
	for _, r := range p.reloads {
		if r.State.Terminal() && r.Leaving > 0 {
			p.measureRest(r)
		}
		if r.State.Terminal() || r.State == record.ReloadQueued {
			continue
		}
		p.measure(r)
		if r.figures() != r.told && (r == current || p.fresh) {
			p.tellReload(record.EventReloadProgress, r, r.State, r.Summary())
		}
		if r.State == record.ReloadLive && !p.rotates(r) && r.Draining == 0 {
			p.complete(r)
		}
	}
}

// measure updates the reload's progress.
func (p *Pool) measure(r *reload) {
	if p.rotating != nil && r == p.rotating.reload {
		r.Replaced, r.Total = p.slotsOf(r.Generation), len(p.staying()) // slots that the reload removes are not counted
	}
	r.Serving = p.slotsServed()
	r.Served = r.Served || r.Serving > 0
	r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted = 0, 0, true
	for _, m := range p.workers {
		older := m.Generation < r.Generation
		if older && (m.State == record.WorkerDraining || r.State == record.ReloadLive) {
			r.addDraining(m)
		}
	}
}

// measureRest updates what is left of a reload that has ended: the workers that it told to drain.
func (p *Pool) measureRest(r *reload) {
	r.Leaving, r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted = 0, 0, 0, true
	for _, m := range p.workers {
		if m.reload != r || m.State != record.WorkerDraining {
			continue
		}
		r.Leaving++
		if m.Generation < r.Generation {
			r.addDraining(m)
		}
	}
}

// askForCount has connections counted while workers drain, or start for a reload.
func (p *Pool) askForCount() {
	if p.counting {
		return
	}
	for _, m := range p.workers {
		if m.followed() {
			p.counting = true
			p.want(Count{})
			return
		}
	}
}

// followed reports whether a reload's receipt has to count the connections that end with this worker.
func (m *member) followed() bool {
	return m.State == record.WorkerDraining || m.State == record.WorkerStarting && m.reload != nil
}

func (p *Pool) onCounted(f Counted) {
	p.counting, p.fresh = false, true
	for id, n := range f.Connections {
		p.with(id, func(m *member) { m.onCounted(n, f.Some[id]) })
	}
}

// onMeasured keeps what was found about a reload that is under way.
func (p *Pool) onMeasured(f MeasuredNow) {
	if r := p.reload(f.Reload); r != nil && r.Begun() {
		r.Measured = f.Found
	}
}
