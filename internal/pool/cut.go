package pool

import "rota/internal/record"

// What became of the connections that ended with their worker.

// onHeld notes how many connections a worker has that drains or is not ready yet.
func (m *member) onHeld(n int, some []record.CutConnection) {
	m.connections, m.counted, m.held = n, true, some
	if m.State == record.WorkerDraining {
		m.peak = max(m.peak, n+m.evicted) // evicted ones are no longer among the n
	}
}

// onEvicted counts connections that were closed for a worker that drains; below zero, so many that could
// not be.
func (p *Pool) onEvicted(m *member, n int) {
	if m.State != record.WorkerDraining || m.reload == nil {
		return
	}
	n = max(n, -m.evicted) // what was counted before it drained is not taken back after
	m.evicted += n
	m.connections = max(0, m.connections-n) // should it crash before it is counted again
	m.reload.Evicted += n
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
	if unknown := exit.CutUnknown || (m.missed || !m.counted) && !m.ReadyAt.IsZero(); unknown {
		r.DrainedUnknown = true
	} else {
		r.Drained += max(0, m.peak-exit.Cut-fate.Dropped-fate.Unsure-m.evicted)
	}
}

// lastSeen judges by the latest count of its connections, which may be a moment old.
func (m *member) lastSeen(exit record.Exit, from record.WorkerState) *record.Fate {
	switch broke := broke(exit) || from == record.WorkerStarting; {
	case broke && m.counted:
		return &record.Fate{Dropped: m.connections, Connections: m.held}
	case broke && !m.ReadyAt.IsZero():
		return &record.Fate{Doubts: []string{"a worker ended by a signal or an error instead of draining, and the kernel did not tell how many connections it had"}}
	}
	return &record.Fate{}
}

// broke reports whether the worker ended by an error or a signal of its own.
func broke(e record.Exit) bool {
	return !e.Killed && !e.Outlived && (e.Code != 0 || e.Signal != "")
}
