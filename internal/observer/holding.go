package observer

import (
	"cmp"
	"slices"

	"rota/internal/listen"
)

// Holding is what keeps a draining worker from leaving.
type Holding struct {
	Connections int
	Active      int // of those, as the next two
	Idle        int
	HalfClosed  int
	Oldest      *listen.Connection // that has been quiet for the longest; nil for none. The kernel does not tell when one began
	Peers       []string           // at most mostPeers remote addresses, those that have been quiet for the longest first
}

const mostPeers = 10

// HoldingOf adds up the connections of one worker.
func HoldingOf(list []listen.Connection) Holding {
	quietest := slices.Clone(list)
	slices.SortStableFunc(quietest, func(a, b listen.Connection) int { return cmp.Compare(b.Idle(), a.Idle()) })
	h := Holding{Connections: len(list)}
	for i := range quietest {
		c := &quietest[i]
		switch c.State() {
		case listen.ConnectionActive:
			h.Active++
		case listen.ConnectionIdle:
			h.Idle++
		case listen.ConnectionHalfClosed:
			h.HalfClosed++
		}
		if c.Remote != "" && len(h.Peers) < mostPeers {
			h.Peers = append(h.Peers, c.Remote)
		}
	}
	if len(quietest) > 0 {
		h.Oldest = &quietest[0]
	}
	return h
}
