package observer

import (
	"rota/internal/kernel"
	"rota/internal/listen"
)

// Holders tells which worker has accepted each of the connections: "" for a connection held by a process that is not a
// worker, or that may not be looked into. Those that wait to be accepted are left out.
func (o *Observer) Holders(clients []listen.Client) (map[listen.Client]string, error) {
	endpoints, err := o.loop.Endpoints()
	if err != nil {
		return nil, err
	}
	seen, err := kernel.Connections(endpoints)
	if err != nil {
		return nil, err
	}
	wanted := make(map[listen.Client]bool, len(clients))
	for _, c := range clients {
		wanted[c] = true
	}
	accepted := map[uint64]listen.Client{}
	for _, c := range seen {
		if client := (listen.Client{Local: c.Remote, Remote: c.Local}); wanted[client] {
			accepted[c.Inode] = client
		}
	}
	if len(accepted) == 0 {
		return nil, nil
	}
	workers, err := o.running()
	if err != nil {
		return nil, err
	}
	return o.whose(idsOf(workers), accepted)
}

// whose finds which of the workers hold the sockets.
func (o *Observer) whose(workers []string, accepted map[uint64]listen.Client) (map[listen.Client]string, error) {
	families, err := o.Families(workers)
	if err != nil {
		return nil, err
	}
	owner, _, err := owners(families, nil)
	if err != nil {
		return nil, err
	}
	holder := make(map[listen.Client]string, len(accepted))
	for inode, client := range accepted {
		holder[client] = owner[inode]
	}
	return holder, nil
}
