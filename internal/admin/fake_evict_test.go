package admin

import (
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/observer"
)

func (f *fakeMaster) CloseConnection(id string) (listen.Connection, kernel.Manner, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.connections, func(c listen.Connection) bool { return c.ID() == id })
	switch {
	case f.stopped != nil:
		return listen.Connection{}, "", f.stopped
	case f.refusal != nil:
		return listen.Connection{}, "", f.refusal
	case i < 0:
		return listen.Connection{}, "", master.ErrNoConnection
	}
	c := f.connections[i]
	f.connections = slices.Delete(slices.Clone(f.connections), i, i+1)
	return c, kernel.Shutdown, nil
}

// Evict closes every other connection of the worker that is wanted, and refuses the rest.
func (f *fakeMaster) Evict(worker string, idle time.Duration) (e master.Evicted, err error) {
	if _, err := f.Worker(worker); err != nil {
		return e, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.connections {
		switch {
		case c.WorkerID != worker || c.TCP == nil || c.TCP.Idle < idle:
		case len(e.Closed) > len(e.Failed):
			e.Failed = append(e.Failed, master.NotClosed{Connection: c, Err: master.ErrNotClosed})
		default:
			e.Closed = append(e.Closed, c)
		}
	}
	return e, f.refusal
}

// Holdings tells of one connection for each worker, the oldest.
func (f *fakeMaster) Holdings(workers []string) (map[string]observer.Holding, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	holdings := map[string]observer.Holding{}
	for i := range f.connections {
		if c := &f.connections[i]; slices.Contains(workers, c.WorkerID) {
			holdings[c.WorkerID] = observer.Holding{Connections: 1, Idle: 1, Oldest: c, Peers: []string{c.Remote}}
		}
	}
	return holdings, f.kernelErr
}

func (f *fakeMaster) WaitingFor(string) ([]master.WaitingFor, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waitingFor, f.stopped
}
