package master

import (
	"cmp"
	"slices"
)

// Holding is what keeps a draining worker from leaving.
type Holding struct {
	Connections int
	Active      int // of those, as the next two
	Idle        int
	HalfClosed  int
	Oldest      *Connection // that has been quiet for the longest: the kernel does not tell when one began; nil for none
	Peers       []string    // at most mostPeers remote addresses, of those that have been quiet for the longest first
}

const mostPeers = 10

// WaitingFor is a draining worker that a reload waits for.
type WaitingFor struct {
	Worker
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
	list, err := m.drainingFor(reload)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	listing, err := m.Connections()
	if err != nil {
		m.options.Log.Debug().Err(err).Msg("cannot tell what a reload waits for")
		listing = Listing{}
	} else if list, err = m.drainingFor(reload); err != nil { // again: who has left since holds nothing
		return nil, err
	}
	ids := make([]string, len(list))
	for i, w := range list {
		ids[i] = w.ID
	}
	held := listing.byWorker(ids)
	for i := range list {
		if connections, seen := held[list[i].ID]; seen {
			h := holdingOf(connections)
			list[i].Holding = &h
		}
	}
	return list, nil
}

// drainingFor is WaitingFor without what they hold.
func (m *Master) drainingFor(reload string) (list []WaitingFor, err error) {
	err = m.attempt(func(l *loop) error {
		r := l.pool.reload(reload)
		if r == nil {
			return ErrNoReload
		}
		if r.State.Terminal() {
			return nil
		}
		ids := l.pool.draining(r)
		for _, member := range l.pool.living() {
			if slices.Contains(ids, member.ID) {
				list = append(list, WaitingFor{Worker: member.Worker})
			}
		}
		return nil
	})
	return list, err
}

func holdingOf(list []Connection) Holding {
	quietest := slices.Clone(list)
	slices.SortStableFunc(quietest, func(a, b Connection) int { return cmp.Compare(b.idle(), a.idle()) })
	h := Holding{Connections: len(list)}
	for i := range quietest {
		c := &quietest[i]
		switch c.State() {
		case ConnectionActive:
			h.Active++
		case ConnectionIdle:
			h.Idle++
		case ConnectionHalfClosed:
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
