package kernel

import "golang.org/x/sys/unix"

// Queue is the accept queue of a listener, or what the queues of those that share its name add up to.
type Queue struct {
	Depth   uint32 // connections waiting to be accepted
	Backlog uint32 // the most that may wait; the kernel lets in one more than this

	// Dropped is how many packets the listener has thrown away since it was opened: those of connections that
	// found the queue full, and others that belong to none. 0 for a unix socket, which throws none away.
	Dropped uint32
}

// AcceptQueues asks the kernel (sock_diag over netlink) how full the listeners'
// accept queues are, by listener name. One that was closed or shut down is absent, as
// is a datagram socket. Errors as Connections.
func AcceptQueues(listeners []Listener) (map[string]Queue, error) {
	listeners = streams(listeners)
	byInode := make(map[uint64]Queue)
	if err := addTCPQueues(byInode, listeners); err != nil {
		return nil, err
	}
	if err := addUnixQueues(byInode, listeners); err != nil {
		return nil, err
	}
	byName := make(map[string]Queue, len(listeners))
	for _, l := range listeners {
		if queue, ok := byInode[l.Inode]; ok {
			sum := byName[l.Name]
			byName[l.Name] = Queue{sum.Depth + queue.Depth, sum.Backlog + queue.Backlog, sum.Dropped + queue.Dropped}
			delete(byInode, l.Inode) // counted
		}
	}
	return byName, nil
}

// In the state LISTEN the kernel reports the accept queue in the two fields where
// a connection has the bytes it received and sent.

func addTCPQueues(byInode map[uint64]Queue, listeners []Listener) error {
	for _, port := range tcpPorts(listeners) {
		messages, err := port.dump(1<<tcpListen, 1<<(inetDiagMemory-1))
		if err != nil {
			return err
		}
		for _, message := range messages {
			if m, ok := decode[inetMessage](message.Data); ok {
				byInode[uint64(m.inode)] = Queue{Depth: m.recvQueue, Backlog: m.sendQueue, Dropped: dropped(message.Data[inetMessageSize:])}
			}
		}
	}
	return nil
}

// dropped reads the last of the numbers that the kernel tells of a socket's memory.
func dropped(attributes []byte) uint32 {
	numbers, complete := decode[[memoryDrops + 1]uint32](attribute(attributes, inetDiagMemory))
	if !complete {
		return 0
	}
	return numbers[memoryDrops]
}

func addUnixQueues(byInode map[uint64]Queue, listeners []Listener) error {
	if !hasUnix(listeners) {
		return nil
	}
	sockets, err := dumpUnix(1 << tcpListen)
	if err != nil {
		return err
	}
	for _, s := range sockets {
		if s.shutdown&unixReceive != 0 {
			continue // it is in the state LISTEN for ever, but refuses everybody
		}
		byInode[uint64(s.inode)] = Queue{Depth: s.queues.recvQueue, Backlog: s.queues.sendQueue}
	}
	return nil
}

func hasUnix(listeners []Listener) bool {
	for _, l := range listeners {
		if l.Family == unix.AF_UNIX {
			return true
		}
	}
	return false
}
