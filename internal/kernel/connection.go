package kernel

import (
	"cmp"
	"slices"
	"time"
)

// Connection is one established or closing connection accepted from a listener.
type Connection struct {
	Cookie    uint64   // the kernel's own id of a socket, never reused while the kernel runs
	Inode     uint64   // what /proc/PID/fd shows as socket:[inode]; reused once the socket is gone
	Listener  string   // name of the listener it was accepted from
	Remote    string   // "127.0.0.1:50112", IPv4-mapped IPv6 as plain IPv4; unix: the peer's path, mostly ""
	Local     string   // likewise; unix: the listener's path
	TCPState  string   // "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT1", "FIN_WAIT2", "LAST_ACK" or "CLOSING"
	RecvQueue uint32   // bytes received that the process has not read (ss counts an unread FIN as one more)
	SendQueue uint32   // bytes not yet acknowledged; unix: kernel memory for what the peer has not read
	TCP       *TCPInfo // nil for unix sockets
}

// TCPInfo is what only TCP counts. What an old kernel doesn't tell is zero.
type TCPInfo struct {
	Idle     time.Duration // since data last moved, in either direction; at first since the connection began
	BytesIn  uint64        // payload received in order, read by the process or not
	BytesOut uint64        // payload sent, acknowledged or not; each byte counted once
	RTT      time.Duration // smoothed round trip time

	// Unanswered: the peer's last bytes came after the last that were sent to it, as far as can be told.
	Unanswered bool
}

// Connections asks the kernel (sock_diag over netlink) for the connections of the
// listeners, sorted by Cookie, each once.
//
// A connection without an inode is left out: no process holds it, because it is
// still waiting to be accepted (AcceptQueues counts those) or its process has
// closed it and the kernel says goodbye alone.
//
// A TCP connection belongs to the listener bound to exactly its local address,
// or else to the one bound to any address at its port. Listeners that share an address
// (SO_REUSEPORT) are one to it, so they should share a name too. A unix connection belongs
// to the listener whose path it carries; its TCPState is told from who has shut
// down: CLOSE_WAIT when the peer has, FIN_WAIT2 when only our side has.
//
// An MPTCP connection is shown by its TCP subflows, which share its inode. They
// stay ESTABLISHED when the peer has only shut down its sending side.
//
// A list is no snapshot: the kernel writes it while connections come and go.
// The error wraps ErrNoDiag when the kernel can't list the sockets of a family,
// ErrInterrupted when it failed to do so in peace.
func Connections(listeners []Listener) ([]Connection, error) {
	listeners = streams(listeners)
	tcp, err := tcpConnections(listeners)
	if err != nil {
		return nil, err
	}
	local, err := unixConnections(listeners)
	if err != nil {
		return nil, err
	}
	return sorted(append(tcp, local...)), nil
}

// sorted also removes doubles: a socket created during a listing shifts its
// neighbours, and the kernel, which resumes by position, shows one of them again.
func sorted(connections []Connection) []Connection {
	slices.SortFunc(connections, func(a, b Connection) int { return cmp.Compare(a.Cookie, b.Cookie) })
	return slices.CompactFunc(connections, func(a, b Connection) bool { return a.Cookie == b.Cookie })
}
