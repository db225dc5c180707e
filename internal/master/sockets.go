package master

import (
	"errors"
	"io/fs"
	"slices"

	"rota/internal/kernel"
)

// Listing is who holds which connection.
type Listing struct {
	Connections []Connection
	Unseen      []string                 // workers whose descriptors the kernel does not show this user
	Families    map[string]kernel.Family // the processes of each worker
}

// byWorker are the connections of the workers; one whose connections can't be seen is not in it.
func (l Listing) byWorker(workers []string) map[string][]Connection {
	held := make(map[string][]Connection, len(workers))
	for _, id := range workers {
		if !slices.Contains(l.Unseen, id) {
			held[id] = nil
		}
	}
	for _, c := range l.Connections {
		held[c.WorkerID] = append(held[c.WorkerID], c)
	}
	return held
}

// Connections returns every connection that a worker has accepted from a listener and
// still holds, in any of its processes. It asks the kernel, not the workers, and so is true
// of a worker that hangs. With an error, the listing has what could be found out all the same.
func (m *Master) Connections() (Listing, error) {
	var workers []string
	if err := m.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.PID != 0 {
				workers = append(workers, id)
			}
		}
	}); err != nil {
		return Listing{}, err
	}
	return m.connectionsOf(workers)
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

// families finds the processes of the workers. Who was one of a worker's stays so, whatever it
// does to hide that, so what is found is remembered.
func (m *Master) families(workers []string) (map[string]kernel.Family, error) {
	roots := make(map[string]kernel.Root, len(workers))
	if err := m.ask(func(l *loop) {
		for _, id := range workers {
			if minder := l.minders[id]; minder != nil {
				roots[id] = minder.root
			}
		}
	}); err != nil {
		return nil, err
	}
	families, _, err := kernel.Families(roots)
	if err != nil {
		return nil, err
	}
	return families, m.ask(func(l *loop) {
		for id, family := range families {
			if minder := l.minders[id]; minder != nil {
				minder.root.Known = family
			}
		}
	})
}

// familyOf finds the processes of one worker, as far as that is possible.
func (m *Master) familyOf(worker string) kernel.Family {
	families, err := m.kin([]string{worker})
	if err != nil {
		m.options.Log.Warn().Err(err).Str("worker_id", worker).Msg("cannot list the processes of a worker")
	}
	return families[worker]
}

// connectionsOf joins the kernel's list of connections with the sockets that the workers'
// processes hold. The list comes first: a socket accepted in between is missed, and seen
// next time; the other way round it would be taken for nobody's.
func (m *Master) connectionsOf(workers []string) (Listing, error) {
	var listing Listing
	endpoints, err := m.sockets()
	if err != nil {
		return listing, err
	}
	seen, err1 := kernel.Connections(endpoints)
	families, err2 := m.kin(workers)
	listing.Families = families
	if err := errors.Join(err1, err2); err != nil {
		return listing, err
	}
	owner := make(map[uint64]string, len(seen))
	for id, family := range families {
		inodes, err := family.SocketInodes()
		if errors.Is(err, fs.ErrPermission) { // it became another user, or may not be looked into
			listing.Unseen = append(listing.Unseen, id)
		} else if err != nil {
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

// heldByWorker returns the connections of the workers, but for those that can't be seen.
func (m *Master) heldByWorker(workers []string) (map[string][]Connection, error) {
	listing, err := m.connectionsOf(workers)
	if err != nil {
		return nil, err
	}
	return listing.byWorker(workers), nil
}
