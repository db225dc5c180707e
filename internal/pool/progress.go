package pool

import (
	"fmt"
	"time"
)

// How far the reloads are, and how many connections the older workers still have.

// settle completes the reloads whose last older worker is gone, and publishes progress: of the current
// reload as it changes, of earlier ones only when connections were counted, because each exit changes all
// of them.
func (p *Pool) settle() {
	current := p.Current()
	for _, r := range p.reloads {
		if r.State.Terminal() && r.Leaving > 0 {
			p.measureRest(r)
		}
		if r.State.Terminal() || r.State == ReloadQueued {
			continue
		}
		p.measure(r)
		if r.figures() != r.told && (r == current || p.fresh) {
			p.tellReload(EventReloadProgress, r, r.State, r.progress())
		}
		if r.State == ReloadLive && !p.rotates(r) && r.Draining == 0 {
			p.complete(r)
		}
	}
}

// measure updates the reload's progress.
func (p *Pool) measure(r *Reload) {
	if p.rotating != nil && r == p.rotating.Reload {
		r.Replaced, r.Total = p.slotsOf(r.Generation), len(p.staying()) // slots that go are not changed
	}
	r.Serving = p.slotsServed()
	r.Served = r.Served || r.Serving > 0
	r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted = 0, 0, true
	for _, m := range p.workers {
		older := m.Generation < r.Generation
		if older && (m.State == WorkerDraining || r.State == ReloadLive) {
			r.addDraining(m)
		}
	}
}

// measureRest updates what is left of a reload that has ended: the workers that it told to drain.
func (p *Pool) measureRest(r *Reload) {
	r.Leaving, r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted = 0, 0, 0, true
	for _, m := range p.workers {
		if m.reload != r || m.State != WorkerDraining {
			continue
		}
		r.Leaving++
		if m.Generation < r.Generation {
			r.addDraining(m)
		}
	}
}

// addDraining adds an older worker and its connections.
func (r *Reload) addDraining(m *member) {
	r.Draining++
	r.ConnectionsRemaining += m.connections
	r.ConnectionsCounted = r.ConnectionsCounted && m.counted
}

// figures are the numbers that a reload publishes as its progress.
type figures struct {
	replaced, total, draining, connections int
	counted                                bool
}

func (r *Reload) figures() figures {
	return figures{r.Replaced, r.Total, r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted}
}

func (r *Reload) progress() string {
	message := fmt.Sprintf("%d of %d slots changed", r.Replaced, r.Total)
	if r.Draining > 0 {
		message += ", " + Plural(r.Draining, "older worker drains", "older workers drain")
	}
	if r.Draining > 0 && r.ConnectionsCounted {
		message += " with " + Plural(r.ConnectionsRemaining, "connection", "connections")
	}
	if r.Paused != nil {
		message += "; " + r.Paused.describe()
	}
	return message
}

// completion is the message of a reload that completes now.
func (r *Reload) completion(now time.Time) string {
	message := fmt.Sprintf("reload completed in %s", now.Sub(r.StartedAt).Round(msec))
	if r.ConnectionsCut > 0 {
		message += ", " + Plural(r.ConnectionsCut, "connection was cut", "connections were cut")
	}
	if r.Failure != nil {
		message += ", but it is unstable: " + r.Failure.Message
	}
	return message
}

// askForCount has connections counted for as long as workers drain, or start for a reload.
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

// followed reports whether the receipt of a reload has to count the connections that end with this worker.
func (m *member) followed() bool {
	return m.State == WorkerDraining || m.State == WorkerStarting && m.reload != nil
}

func (p *Pool) onCounted(f Counted) {
	p.counting, p.fresh = false, true
	for id, n := range f.Connections {
		p.with(id, func(m *member) { m.onHeld(n, f.Some[id]) })
	}
}
