package kernel

import "golang.org/x/sys/unix"

// unixConnections finds the accepted ends by the name they share with their
// listener. The connecting ends have none, or one of their own, and unix_diag
// itself leaves out what nobody has accepted yet.
func unixConnections(listeners []Listener) ([]Connection, error) {
	if !hasUnix(listeners) {
		return nil, nil
	}
	listenerAt := make(map[string]string)
	for _, l := range listeners {
		if l.Family == unix.AF_UNIX {
			listenerAt[l.Path] = l.Name
		}
	}
	sockets, err := dumpUnix(1 << tcpEstablished)
	if err != nil {
		return nil, err
	}
	nameOf := namesByInode(sockets)
	var connections []Connection
	for _, s := range sockets {
		if name, ok := listenerAt[s.name]; ok && s.kind == unix.SOCK_STREAM { // other types may share the name
			connections = append(connections, s.connection(name, nameOf[s.peer]))
		}
	}
	return connections, nil
}

// namesByInode holds the few sockets that have a name.
func namesByInode(sockets []unixSocket) map[uint32]string {
	names := make(map[uint32]string)
	for _, s := range sockets {
		if s.name != "" {
			names[s.inode] = s.name
		}
	}
	return names
}

func (s *unixSocket) connection(listener, remote string) Connection {
	return Connection{
		Cookie:    cookie(s.cookie),
		Inode:     uint64(s.inode),
		Listener:  listener,
		Remote:    remote,
		Local:     s.name,
		TCPState:  s.stateName(),
		RecvQueue: s.queues.recvQueue,
		SendQueue: s.queues.sendQueue,
	}
}

// stateName says in TCP's words what a unix socket, which stays ESTABLISHED until
// its process closes it, only shows by the directions that have been shut down.
func (s *unixSocket) stateName() string {
	switch {
	case s.shutdown&unixReceive != 0:
		return tcpStateName(tcpCloseWait)
	case s.shutdown&unixSend != 0:
		return tcpStateName(tcpFinWait2)
	}
	return tcpStateName(tcpEstablished)
}
