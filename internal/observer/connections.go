package observer

import (
	"errors"
	"io/fs"
	"slices"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// Listing is who holds which connection.
type Listing struct {
	Connections []listen.Connection
	Unseen      []string                 // workers whose descriptors the kernel does not show this user
	Families    map[string]kernel.Family // the processes of each worker
}

// ByWorker are the connections of the workers. It has no worker whose connections can't be seen, and none that started
// after the listing was made.
func (l Listing) ByWorker(workers []string) map[string][]listen.Connection {
	held := make(map[string][]listen.Connection, len(workers))
	for _, id := range workers {
		if _, looked := l.Families[id]; looked && !slices.Contains(l.Unseen, id) {
			held[id] = nil
		}
	}
	for _, c := range l.Connections {
		if list, wanted := held[c.WorkerID]; wanted {
			held[c.WorkerID] = append(list, c)
		}
	}
	return held
}

// Queues returns how many connections wait to be accepted, by the listener's name.
func (o *Observer) Queues() (map[string]kernel.Queue, error) {
	endpoints, err := o.loop.Endpoints()
	if err != nil {
		return nil, err
	}
	return kernel.AcceptQueues(endpoints)
}

// AllConnections lists the connections of all workers. All who ask at the same time share one listing, so nobody may
// change it. With an error, the listing has what could be found out all the same.
func (o *Observer) AllConnections() (Listing, error) {
	select {
	case s := <-o.all.join(o, ""):
		return s.listing, s.err
	case <-o.done:
		return Listing{}, ErrStopped
	}
}

// Connections joins the sockets that the workers' processes hold with the kernel's list of connections. That is only
// asked for if there are any: to make it, the kernel walks through all connections of the machine, which would be most
// of what a rotation of idle workers costs. A connection accepted in between is missed, and seen next time.
func (o *Observer) Connections(workers []string) (Listing, error) {
	var listing Listing
	endpoints, err := o.loop.Endpoints()
	if err != nil {
		return listing, err
	}
	if listing.Families, err = o.Families(workers); err != nil {
		return listing, err
	}
	owner, unseen, err := owners(listing.Families, endpoints)
	listing.Unseen = unseen
	if err != nil || len(owner) == 0 {
		return listing, err
	}
	seen, err := kernel.Connections(endpoints)
	if err != nil {
		return listing, err
	}
	listing.Connections = make([]listen.Connection, 0, len(seen))
	for _, c := range seen {
		if id, ok := owner[c.Inode]; ok {
			listing.Connections = append(listing.Connections, listen.Connection{Connection: c, WorkerID: id})
		}
	}
	return listing, nil
}

// owners tells by inode which worker holds a socket, without listening sockets, and which workers may not be looked into.
func owners(families map[string]kernel.Family, endpoints []kernel.Listener) (owner map[uint64]string, unseen []string, err error) {
	listening := make(map[uint64]bool, len(endpoints))
	for _, l := range endpoints {
		listening[l.Inode] = true
	}
	owner = make(map[uint64]string)
	for id, family := range families {
		inodes, err := family.SocketInodes()
		if errors.Is(err, fs.ErrPermission) { // it became another user
			unseen = append(unseen, id)
		} else if err != nil {
			return owner, unseen, err
		}
		for _, inode := range inodes {
			if !listening[inode] {
				owner[inode] = id
			}
		}
	}
	return owner, unseen, nil
}

// heldByWorker returns the connections of the workers, but for those that can't be seen.
func (o *Observer) heldByWorker(workers []string) (map[string][]listen.Connection, error) {
	listing, err := o.Connections(workers)
	if err != nil {
		return nil, err
	}
	return listing.ByWorker(workers), nil
}
