package master

import (
	"rota/internal/observer"
	"rota/internal/record"
)

// WaitingFor is a draining worker that a reload waits for.
type WaitingFor struct {
	record.Worker
	Holding *observer.Holding // nil if the kernel does not tell
}

// Holdings says what the workers hold. One whose connections the kernel does not show is not in it.
func (m *Master) Holdings(workers []string) (map[string]observer.Holding, error) {
	listing, err := m.Connections()
	if err != nil {
		return nil, err
	}
	holdings := make(map[string]observer.Holding, len(workers))
	for id, list := range listing.ByWorker(workers) {
		holdings[id] = observer.HoldingOf(list)
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
		listing = observer.Listing{}
	} else if workers, err = m.drainingFor(reload); err != nil { // again: who has left since holds nothing
		return nil, err
	}
	ids := make([]string, len(workers))
	for i, w := range workers {
		ids[i] = w.ID
	}
	held := listing.ByWorker(ids)
	list := make([]WaitingFor, len(workers))
	for i, w := range workers {
		list[i].Worker = w
		if connections, seen := held[w.ID]; seen {
			h := observer.HoldingOf(connections)
			list[i].Holding = &h
		}
	}
	return list, nil
}
