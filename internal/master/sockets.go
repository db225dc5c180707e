package master

import (
	"errors"
	"io/fs"
	"slices"

	"rota/internal/kernel"
)

// Connection is a connection that a worker holds, as the kernel sees it.
type Connection struct {
	kernel.Connection
	WorkerID string
}

// Listing is who holds which connection.
type Listing struct {
	Connections []Connection
	Unseen      []string // workers whose descriptors the kernel does not show this user
}

// Connections returns every connection that a worker has accepted from a listener and
// still holds. It asks the kernel, not the workers, and so is true of a worker that hangs.
func (m *Master) Connections() (Listing, error) {
	pids := map[string]int{}
	if err := m.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.PID != 0 {
				pids[id] = member.PID
			}
		}
	}); err != nil {
		return Listing{}, err
	}
	return m.connectionsOf(pids)
}

// Queues returns how many connections wait to be accepted, by the listener's name.
func (m *Master) Queues() (map[string]kernel.Queue, error) {
	endpoints, err := m.sockets()
	if err != nil {
		return nil, err
	}
	return kernel.AcceptQueues(endpoints)
}

// sockets are all whose connections a worker may have.
func (m *Master) sockets() (list []kernel.Listener, err error) {
	err = m.ask(func(l *loop) { list = l.endpoints() })
	return list, err
}

// connectionsOf joins the kernel's list of connections with the sockets that the workers
// hold. The list comes first: a socket accepted in between is missed, and seen next time;
// the other way round it would be taken for nobody's.
func (m *Master) connectionsOf(pids map[string]int) (Listing, error) {
	var listing Listing
	endpoints, err := m.sockets()
	if err != nil {
		return listing, err
	}
	seen, err := kernel.Connections(endpoints)
	if err != nil {
		return listing, err
	}
	owner := make(map[uint64]string, len(seen))
	for id, pid := range pids {
		inodes, err := kernel.SocketInodes(pid)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has just ended
		case errors.Is(err, fs.ErrPermission): // it became another user, or may not be looked into
			listing.Unseen = append(listing.Unseen, id)
		case err != nil:
			return listing, err
		}
		for _, inode := range inodes {
			owner[inode] = id
		}
	}
	listing.Connections = make([]Connection, 0, len(seen))
	for _, c := range seen {
		if id, ok := owner[c.Inode]; ok {
			listing.Connections = append(listing.Connections, Connection{Connection: c, WorkerID: id})
		}
	}
	return listing, nil
}

// countByWorker counts the connections of the workers with these pids, but for those that
// can't be seen.
func (m *Master) countByWorker(pids map[string]int) (map[string]int, error) {
	listing, err := m.connectionsOf(pids)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(pids))
	for id := range pids {
		if !slices.Contains(listing.Unseen, id) {
			counts[id] = 0
		}
	}
	for _, c := range listing.Connections {
		counts[c.WorkerID]++
	}
	return counts, nil
}
