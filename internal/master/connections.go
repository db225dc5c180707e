package master

import (
	"rota/internal/kernel"
	"rota/internal/observer"
)

// Connections returns every connection that a worker has accepted from a listener and
// still holds, in any of its processes. It asks the kernel, not the workers, and so is true
// of a worker that hangs. With an error, the listing has what could be found out all the same. All who ask at the same
// time share one listing, so that nobody may change it.
func (m *Master) Connections() (observer.Listing, error) { return m.observer.AllConnections() }

// Queues returns how many connections wait to be accepted, by the listener's name.
func (m *Master) Queues() (map[string]kernel.Queue, error) { return m.observer.Queues() }
