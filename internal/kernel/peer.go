package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Peer is the other end of a connection to a listener on this machine.
type Peer struct {
	Inode uint64 // of its socket, while a process holds it; else 0
	Where PeerPlace
}

// PeerPlace is how far a connection has come at the listener's end.
type PeerPlace string

// The places.
const (
	PeerUnseen  PeerPlace = ""        // not shown: it is over, or on another machine, or behind NAT
	PeerHalf    PeerPlace = "half"    // not established: the queue is full, or TCP_DEFER_ACCEPT
	PeerQueued  PeerPlace = "queued"  // in the accept queue
	PeerHeld    PeerPlace = "held"    // a process has accepted it
	PeerDropped PeerPlace = "dropped" // the process that had it has closed it
)

// PeerOf asks the kernel (sock_diag over netlink) about the other end of a connection that this process has
// made. It looks up one socket, so the cost does not grow with the number of connections. The error wraps
// ErrNoDiag if the kernel cannot tell.
func PeerOf(c net.Conn) (Peer, error) {
	if tcp, ok := c.(*net.TCPConn); ok {
		return tcpPeer(tcp)
	}
	return unixPeer(c)
}

func tcpPeer(c *net.TCPConn) (Peer, error) {
	ours, theirs := c.LocalAddr().(*net.TCPAddr).AddrPort(), c.RemoteAddr().(*net.TCPAddr).AddrPort()
	request := inetRequest{family: unix.AF_INET6, protocol: unix.IPPROTO_TCP, states: ^uint32(0)}
	if theirs.Addr().Unmap().Is4() {
		request.family = unix.AF_INET
	}
	request.id = inetSockID{cookie: anyCookie, device: deviceOf(theirs.Addr().Zone())}
	request.id.local, request.id.localPort = wireAddress(theirs)
	request.id.remote, request.id.remotePort = wireAddress(ours)
	message, err := exactly(encode(request))
	if err != nil || message == nil {
		return Peer{}, err
	}
	m, ok := decode[inetMessage](message)
	if !ok || m.id.remotePort != request.id.remotePort { // it is the listener: there is no such connection
		return Peer{}, nil
	}
	return Peer{Inode: uint64(m.inode), Where: placeOf(m.state, m.inode)}, nil
}

func placeOf(state uint8, inode uint32) PeerPlace {
	switch {
	case inode != 0:
		return PeerHeld
	case state == tcpSynReceived:
		return PeerHalf
	case state == tcpEstablished || state == tcpCloseWait:
		return PeerQueued
	}
	return PeerDropped
}

// unixPeer asks about our own end, which knows the other. A queued one and one that was closed look alike:
// who reads from the connection knows which.
func unixPeer(c net.Conn) (Peer, error) {
	own, err := inodeOf(c)
	if err != nil {
		return Peer{}, err
	}
	request := unixRequest{family: unix.AF_UNIX, states: ^uint32(0), inode: own, show: unixShowPeer, cookie: anyCookie}
	message, err := exactly(encode(request))
	if err != nil || message == nil {
		return Peer{}, err
	}
	s, ok := parseUnix(message)
	switch {
	case !ok:
		return Peer{}, nil
	case s.peer == 0:
		return Peer{Where: PeerQueued}, nil
	}
	return Peer{Inode: uint64(s.peer), Where: PeerHeld}, nil
}

// exactly returns what the kernel says of one socket; nil: there is none.
func exactly(request []byte) ([]byte, error) {
	messages, err := execute(unix.SOCK_DIAG_BY_FAMILY, 0, request)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	if messages[0].Header.Type == netlink.Error {
		return nil, ErrNoDiag
	}
	return messages[0].Data, nil
}

// anyCookie asks for a socket whatever its cookie is: INET_DIAG_NOCOOKIE.
var anyCookie = [2]uint32{^uint32(0), ^uint32(0)}

func wireAddress(a netip.AddrPort) (ip [16]byte, port [2]byte) {
	copy(ip[:], a.Addr().Unmap().AsSlice())
	binary.BigEndian.PutUint16(port[:], a.Port())
	return ip, port
}

// deviceOf is the index of an interface; 0 for none.
func deviceOf(zone string) uint32 {
	if i, err := net.InterfaceByName(zone); zone != "" && err == nil {
		return uint32(i.Index)
	}
	return 0
}

func inodeOf(c net.Conn) (inode uint32, err error) {
	conn, ok := c.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("%T has no descriptor", c)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var stat unix.Stat_t
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.Fstat(int(fd), &stat) })
	return uint32(stat.Ino), errors.Join(err, failed)
}
