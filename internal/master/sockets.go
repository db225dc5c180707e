package master

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

// byWorker are the connections of the workers; one whose connections can't be seen is not in it. Of a listing of
// all workers, one that has come since is not, either.
func (l Listing) byWorker(workers []string) map[string][]listen.Connection {
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

// Connections returns every connection that a worker has accepted from a listener and
// still holds, in any of its processes. It asks the kernel, not the workers, and so is true
// of a worker that hangs. With an error, the listing has what could be found out all the same. All who ask at the same
// time share one listing, so that nobody may change it.
func (m *Master) Connections() (Listing, error) {
	answer, err := m.joinAll()
	if err != nil {
		return Listing{}, err
	}
	select {
	case s := <-answer:
		return s.listing, s.err
	case <-m.done:
		return Listing{}, ErrStopped
	}
}

// Queues returns how many connections wait to be accepted, by the listener's name.
func (m *Master) Queues() (map[string]kernel.Queue, error) {
	return m.observer.queues()
}

func (o *observer) queues() (map[string]kernel.Queue, error) {
	endpoints, err := o.sockets()
	if err != nil {
		return nil, err
	}
	return kernel.AcceptQueues(endpoints)
}

// findFamilies finds the processes of the workers. Who was one of a worker's stays so, whatever it
// does to hide that, so what is found is remembered.
func (o *observer) findFamilies(workers []string) (map[string]kernel.Family, error) {
	wanted := make(map[string]bool, len(workers))
	for _, id := range workers {
		wanted[id] = true
	}
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	for id, root := range roots {
		root.Aside = !wanted[id]
		roots[id] = root
	}
	families, _, err := kernel.Families(roots)
	if err != nil {
		return nil, err
	}
	return families, o.knowProcesses(families)
}

// familyOf finds the processes of one worker, as far as that is possible.
func (o *observer) familyOf(worker string) kernel.Family {
	answer, err := o.joinFamilies(worker)
	if err != nil {
		return nil
	}
	select {
	case families := <-answer:
		return slices.Clone(families[worker])
	case <-o.done:
		return nil
	}
}

// connectionsOf joins the sockets that the workers' processes hold with the kernel's list of connections.
// That is only asked for if there are any, since the kernel walks through all of the machine's to make it: it would be
// the most of what a rotation of idle workers costs. A socket accepted in between is missed, and seen next time.
func (o *observer) connectionsOf(workers []string) (Listing, error) {
	var listing Listing
	endpoints, err := o.sockets()
	if err != nil {
		return listing, err
	}
	if listing.Families, err = o.families(workers); err != nil {
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

// owners tells by inode which worker holds a socket, but for those that it listens on, and which workers may not be looked into.
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
func (o *observer) heldByWorker(workers []string) (map[string][]listen.Connection, error) {
	listing, err := o.connectionsOf(workers)
	if err != nil {
		return nil, err
	}
	return listing.byWorker(workers), nil
}
