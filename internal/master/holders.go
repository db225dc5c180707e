package master

import (
	"errors"
	"io/fs"

	"rota/internal/kernel"
)

// holders tells which worker has accepted each of the connections: "" for one that somebody holds
// who is none, or may not be looked into. Those that wait to be accepted are left out.
func (m *Master) holders(clients []Client) (map[Client]string, error) {
	endpoints, err := m.sockets()
	if err != nil {
		return nil, err
	}
	seen, err := kernel.Connections(endpoints)
	if err != nil {
		return nil, err
	}
	wanted := make(map[Client]bool, len(clients))
	for _, c := range clients {
		wanted[c] = true
	}
	accepted := map[uint64]Client{}
	for _, c := range seen {
		if client := (Client{Local: c.Remote, Remote: c.Local}); wanted[client] {
			accepted[c.Inode] = client
		}
	}
	if len(accepted) == 0 {
		return nil, nil
	}
	return m.whose(accepted)
}

// whose finds the workers that hold the sockets.
func (m *Master) whose(accepted map[uint64]Client) (map[Client]string, error) {
	var workers []string
	if err := m.ask(func(l *loop) {
		for id, member := range l.pool.workers {
			if member.PID != 0 {
				workers = append(workers, id)
			}
		}
	}); err != nil {
		return nil, err
	}
	families, err := m.kin(workers)
	if err != nil {
		return nil, err
	}
	holder := make(map[Client]string, len(accepted))
	for _, client := range accepted {
		holder[client] = ""
	}
	for id, family := range families {
		inodes, err := family.SocketInodes()
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		for _, inode := range inodes {
			if client, ok := accepted[inode]; ok {
				holder[client] = id
			}
		}
	}
	return holder, nil
}
