package record

import "time"

// CutConnection is a connection that did not end by itself.
type CutConnection struct {
	ID       string
	WorkerID string
	Listener string
	Remote   string
	State    string        // as Connection.State
	Idle     time.Duration // since data moved; -1 if unknown, as for unix sockets
	How      CutHow
}

// CutHow is what ended a connection.
type CutHow string

// The ways to lose a connection.
const (
	Cut     CutHow = "cut"     // rota ended its worker
	Dropped CutHow = "dropped" // its worker lost it: see Fate
)

// MostCut is how many cut connections are listed one by one, of a worker and of a reload.
const MostCut = 100
