package master

import (
	"cmp"
	"slices"

	"rota/internal/listen"
	"rota/internal/record"
)

// Holding is what keeps a draining worker from leaving.
type Holding struct {
	Connections int
	Active      int // of those, as the next two
	Idle        int
	HalfClosed  int
	Oldest      *listen.Connection // that has been quiet for the longest: the kernel does not tell when one began; nil for none
	Peers       []string           // at most mostPeers remote addresses, of those that have been quiet for the longest first
}

const mostPeers = 10

// WaitingFor is a draining worker that a reload waits for.
type WaitingFor struct {
	record.Worker
	Holding *Holding // nil if the kernel does not tell
}

// Holdings says what the workers hold. One whose connections the kernel does not show is not in it.
func (m *Master) Holdings(workers []string) (map[string]Holding, error) {
	listing, err := m.Connections()
	if err != nil {
		return nil, err
	}
	holdings := make(map[string]Holding, len(workers))
	for id, list := range listing.byWorker(workers) {
		holdings[id] = holdingOf(list)
	}
	return holdings, nil
}

// WaitingFor lists the older workers that a reload waits for, by slot and then by age, the newest first.
// Errors: ErrNoReload.
func (m *Master) WaitingFor(reload string) ([]WaitingFor, error) {
	workers, err := m.drainingFor(reload)
	if err != nil || len(workers) == 0 {
		return nil, err
	}
	listing, err := m.Connections()
	if err != nil {
		m.options.Log.Debug().Err(err).Msg("cannot tell what a reload waits for")
		listing = Listing{}
	} else if workers, err = m.drainingFor(reload); err != nil { // again: who has left since holds nothing
		return nil, err
	}
	ids := make([]string, len(workers))
	for i, w := range workers {
		ids[i] = w.ID
	}
	held := listing.byWorker(ids)
	list := make([]WaitingFor, len(workers))
	for i, w := range workers {
		list[i].Worker = w
		if connections, seen := held[w.ID]; seen {
			h := holdingOf(connections)
			list[i].Holding = &h
		}
	}
	return list, nil
}

func holdingOf(list []listen.Connection) Holding {
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
