package present

import (
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/record"
	"rota/internal/view"
	"rota/internal/words"
)

// Connection fills in the view of a connection.
func Connection(v *view.Connection, c *listen.Connection) {
	*v = view.Connection{
		ID:        c.ID(),
		WorkerID:  c.WorkerID,
		Listener:  c.Listener,
		Remote:    known(c.Remote),
		Local:     c.Local,
		TCPState:  c.TCPState,
		State:     string(c.State()),
		RecvQueue: c.RecvQueue,
		SendQueue: c.SendQueue,
	}
	if c.TCP != nil {
		v.IdleMS, v.RTTMicros = new(c.TCP.Idle.Milliseconds()), new(c.TCP.RTT.Microseconds())
		v.BytesIn, v.BytesOut = &c.TCP.BytesIn, &c.TCP.BytesOut
	}
}

func cutConnections(list []record.CutConnection) []view.CutConnection {
	views := make([]view.CutConnection, 0, len(list))
	for _, c := range list {
		v := view.CutConnection{ID: c.ID, WorkerID: c.WorkerID, Listener: c.Listener, Remote: known(c.Remote), State: c.State, How: string(c.How)}
		if c.Idle >= 0 {
			v.IdleMS = new(c.Idle.Milliseconds())
		}
		views = append(views, v)
	}
	return views
}

// mostTold bounds the connections in one view of an eviction.
const mostTold = 100

// Evicted is the view of an eviction.
func Evicted(e master.Evicted) view.Evicted {
	v := view.Evicted{
		Evicted:     len(e.Closed),
		Connections: make([]view.Connection, min(len(e.Closed), mostTold)),
		Failed:      []view.NotClosed{},
	}
	for i := range v.Connections {
		Connection(&v.Connections[i], &e.Closed[i])
	}
	for _, f := range e.Failed[:min(len(e.Failed), mostTold)] {
		v.Failed = append(v.Failed, view.NotClosed{ID: f.ID(), Error: f.Err.Error()})
	}
	return v
}

// Holding is the view of what a draining worker holds; nil: the kernel does not tell.
func Holding(h *observer.Holding) view.Holding {
	v := view.Holding{Peers: []string{}}
	if h != nil {
		v = view.Holding{Connections: &h.Connections, Active: &h.Active, Idle: &h.Idle, HalfClosed: &h.HalfClosed, Peers: listOf(h.Peers)}
		if h.Oldest != nil {
			v.Oldest = new(view.Connection)
			Connection(v.Oldest, h.Oldest)
		}
	}
	words.FillHolding(&v)
	return v
}

// WaitingFor is the view of the draining workers that a reload waits for.
func WaitingFor(list []master.WaitingFor) []view.WaitingFor {
	views := make([]view.WaitingFor, 0, len(list))
	for _, w := range list {
		views = append(views, view.WaitingFor{WorkerID: w.ID, Slot: w.Slot, Generation: w.Generation, Holding: Holding(w.Holding)})
	}
	return views
}
