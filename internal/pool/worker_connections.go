package pool

import "rota/internal/record"

// What became of the connections that ended with their worker.

// onCounted notes how many connections a worker has that drains or is not ready yet.
func (m *member) onCounted(n int, some []record.CutConnection) {
	c := &m.connections
	c.counts(n, some)
	if m.State == record.WorkerDraining {
		c.peak = max(c.peak, n+c.evicted) // evicted ones are no longer among the n
	}
}

// onHolds notes what a worker has that is about to be told to stop.
func (m *member) onHolds(f Holds) {
	m.connections.missed = f.Unknown
	if !f.Unknown {
		m.onCounted(f.N, f.Some)
	}
}

// onEvicted counts connections of a draining worker that were closed for a caller. Below zero, so many could
// not be closed after all.
func (p *Pool) onEvicted(m *member, n int) {
	if m.State == record.WorkerDraining && m.reload != nil {
		m.reload.Evicted += m.connections.evict(n)
	}
}

// settleConnections adds the fate of the worker's connections to the reload that started or drained it.
func (p *Pool) settleConnections(m *member, from record.WorkerState, exit record.Exit) {
	r := m.reload
	if r == nil {
		return
	}
	r.ConnectionsCut += exit.Cut
	r.CutUnknown = r.CutUnknown || exit.CutUnknown
	r.addCut(exit.CutConnections)
	if from == record.WorkerReady {
		return // its death is a loss
	}
	fate := exit.Fate
	if fate == nil {
		fate = m.lastSeen(exit, from)
	}
	r.addFate(*fate)
	if from != record.WorkerDraining {
		return
	}
	if exit.CutUnknown || m.uncounted() {
		r.DrainedUnknown = true
		return
	}
	r.Drained += m.connections.ended(exit.Cut + fate.Dropped + fate.Unsure)
}

// uncounted reports whether the worker may have had connections that nobody has counted.
func (m *member) uncounted() bool {
	return (m.connections.missed || !m.connections.counted) && !m.ReadyAt.IsZero()
}

// lastSeen judges by the latest count of its connections, which may be a moment old.
func (m *member) lastSeen(exit record.Exit, from record.WorkerState) *record.Fate {
	switch broke := broke(exit) || from == record.WorkerStarting; {
	case broke && m.connections.counted:
		return &record.Fate{Dropped: m.connections.open, Connections: m.connections.some}
	case broke && !m.ReadyAt.IsZero():
		return &record.Fate{Doubts: []string{"a worker ended by a signal or an error instead of draining, and the kernel did not tell how many connections it had"}}
	}
	return &record.Fate{}
}

// broke reports whether the worker ended by an error or a signal of its own.
func broke(e record.Exit) bool {
	return !e.Killed && !e.Outlived && (e.Code != 0 || e.Signal != "")
}
