package master

import (
	"errors"
	"io/fs"

	"rota/internal/kernel"
)

// Connection is a connection that a worker holds, as the kernel sees it.
type Connection struct {
	kernel.Connection
	WorkerID string
}

// Connections returns every connection that a worker has accepted from a listener and
// still holds. It asks the kernel, not the workers, and so is true of a worker that hangs.
func (m *Master) Connections() ([]Connection, error) {
	pids := map[string]int{}
	if err := m.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.PID != 0 {
				pids[id] = member.PID
			}
		}
	}); err != nil {
		return nil, err
	}
	return m.connectionsOf(pids)
}

// Queues returns how many connections wait to be accepted, by the listener's name.
func (m *Master) Queues() (map[string]kernel.Queue, error) {
	return kernel.AcceptQueues(m.endpoints)
}

// connectionsOf joins the kernel's list of connections with the sockets that the workers
// hold. The list comes first: a socket accepted in between is missed, and seen next time;
// the other way round it would be taken for nobody's.
func (m *Master) connectionsOf(pids map[string]int) ([]Connection, error) {
	seen, err := kernel.Connections(m.endpoints)
	if err != nil {
		return nil, err
	}
	owner := make(map[uint64]string, len(seen))
	for id, pid := range pids {
		inodes, err := kernel.SocketInodes(pid)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just ended
		}
		if err != nil {
			return nil, err
		}
		for _, inode := range inodes {
			owner[inode] = id
		}
	}
	list := make([]Connection, 0, len(seen))
	for _, c := range seen {
		if id, ok := owner[c.Inode]; ok {
			list = append(list, Connection{Connection: c, WorkerID: id})
		}
	}
	return list, nil
}

// countByWorker counts the connections of the workers with these pids.
func (m *Master) countByWorker(pids map[string]int) (map[string]int, error) {
	list, err := m.connectionsOf(pids)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(pids))
	for id := range pids {
		counts[id] = 0
	}
	for _, c := range list {
		counts[c.WorkerID]++
	}
	return counts, nil
}
