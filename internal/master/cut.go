package master

import "time"

// What became of the connections that ended because their worker did.

// CutConnection is a connection that did not end by itself.
type CutConnection struct {
	ID       string
	WorkerID string
	Listener string
	Remote   string
	State    string        // as Connection.State
	Idle     time.Duration // since data moved; -1 where the kernel does not tell, as of a unix one
	How      CutHow
}

// CutHow is what ended a connection.
type CutHow string

// The ways.
const (
	Cut     CutHow = "cut"     // rota ended its worker
	Dropped CutHow = "dropped" // its worker ended by a signal or an error, as it drained
)

// mostCut is how many of them are kept one by one, of a worker and of a reload.
const mostCut = 100

// cutOf describes the first of the connections.
func cutOf(list []Connection, how CutHow) []CutConnection {
	var described []CutConnection
	for i := range list[:min(len(list), mostCut)] {
		c := &list[i]
		one := CutConnection{ID: c.ID(), WorkerID: c.WorkerID, Listener: c.Listener, Remote: c.Remote,
			State: string(c.State()), Idle: -1, How: how}
		if c.TCP != nil {
			one.Idle = c.TCP.Idle
		}
		described = append(described, one)
	}
	return described
}

// onHeld notes what a draining worker had at some time.
func (m *member) onHeld(n int, some []CutConnection) {
	m.connections, m.counted, m.held = n, true, some
	m.peak = max(m.peak, n+m.evicted) // who is evicted is not among the n any more
}

// settleConnections adds to the reload that drained the worker what became of its connections. What it had is known as
// it was last counted, which may be a moment old.
func (p *pool) settleConnections(m *member, from WorkerState, exit Exit) {
	r := m.reload
	if r == nil {
		return
	}
	r.ConnectionsCut += exit.Cut
	r.CutUnknown = r.CutUnknown || exit.CutUnknown
	r.addCut(exit.CutConnections)
	if from != WorkerDraining {
		return
	}
	dropped := 0
	if exit.broke() {
		dropped = m.connections
		r.Dropped += dropped
		r.DropUnknown = r.DropUnknown || !m.counted && !m.ReadyAt.IsZero()
		r.addCut(m.held)
	}
	if unknown := exit.CutUnknown || !m.counted && !m.ReadyAt.IsZero(); unknown {
		r.DrainedUnknown = true
	} else {
		r.Drained += max(0, m.peak-exit.Cut-dropped-m.evicted)
	}
}

func (r *Reload) addCut(list []CutConnection) {
	room := mostCut - len(r.CutConnections)
	r.CutConnections = append(r.CutConnections, list[:min(len(list), room)]...)
}

// broke reports whether the worker ended in a way that nobody wanted.
func (e Exit) broke() bool {
	return !e.Killed && !e.Outlived && (e.Code != 0 || e.Signal != "")
}
