package kernel

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// Listener is a socket that clients come to, described as the kernel knows it: a stream
// socket that listens, or a datagram socket bound to an address, which has neither an
// accept queue nor connections.
type Listener struct {
	Name   string         // rota's name for it: tcp, http, unix-2; those that share an address may share a name
	Family int            // unix.AF_INET, unix.AF_INET6 (may be dual-stack) or unix.AF_UNIX
	Type   int            // unix.SOCK_STREAM, also when zero, or unix.SOCK_DGRAM
	Addr   netip.AddrPort // TCP and UDP: address and port it is bound to; an unspecified address means any
	Path   string         // unix: its path; an abstract one begins with @
	Inode  uint64         // of the listening socket itself, the same in every process that shares it
}

// Describe asks the kernel what the open listening or datagram socket fd is. It only
// reads: the descriptor stays open and its flags, shared by all workers, stay as they are.
//
// The error wraps ErrNotListening, ErrFamily or ErrType when fd is some other socket, and
// the system call's error (EBADF, ENOTSOCK) when it is none.
func Describe(name string, fd int) (Listener, error) {
	l := Listener{Name: name}
	if err := l.read(fd); err != nil {
		return Listener{}, fmt.Errorf("describe listener %q (fd %d): %w", name, fd, err)
	}
	return l, nil
}

func (l *Listener) read(fd int) error {
	if err := l.readKind(fd); err != nil {
		return err
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("fstat: %w", err)
	}
	l.Inode = stat.Ino
	if err := l.readAddress(fd); err != nil {
		return err
	}
	return l.checkOpen(fd)
}

func (l *Listener) readKind(fd int) (err error) {
	if l.Family, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil {
		return fmt.Errorf("SO_DOMAIN: %w", err)
	}
	if l.Type, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return fmt.Errorf("SO_TYPE: %w", err)
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return fmt.Errorf("SO_PROTOCOL: %w", err)
	}
	return supported(l.Family, l.Type, protocol)
}

func supported(family, kind, protocol int) error {
	switch {
	case family != unix.AF_INET && family != unix.AF_INET6 && family != unix.AF_UNIX:
		return ErrFamily
	case kind != unix.SOCK_STREAM && kind != unix.SOCK_DGRAM:
		return ErrType
	case family == unix.AF_UNIX:
		return nil
	case kind == unix.SOCK_STREAM && protocol != unix.IPPROTO_TCP && protocol != unix.IPPROTO_MPTCP,
		kind == unix.SOCK_DGRAM && protocol != unix.IPPROTO_UDP:
		return ErrType // SCTP, or the socket that ping uses
	}
	return nil
}

func (l *Listener) readAddress(fd int) error {
	address, err := unix.Getsockname(fd)
	if err != nil {
		return fmt.Errorf("getsockname: %w", err)
	}
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		l.Addr = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr)
		if a.ZoneId != 0 {
			ip = ip.WithZone(fmt.Sprint(a.ZoneId))
		}
		l.Addr = netip.AddrPortFrom(ip, uint16(a.Port))
	case *unix.SockaddrUnix:
		l.Path = a.Name
	default:
		return ErrFamily
	}
	return nil
}

// checkOpen refuses a socket that clients can't come to: a stream socket nobody listens on,
// a datagram socket without an address or with a single peer, one that was shut down.
func (l *Listener) checkOpen(fd int) error {
	listening, err := Listening(fd)
	if err == nil && !listening {
		err = ErrNotListening
	}
	if err != nil || !l.datagram() {
		return err
	}
	if _, err := unix.Getpeername(fd); err == nil || !l.bound() {
		return ErrNotListening
	}
	return nil
}

func (l *Listener) bound() bool {
	if l.Family == unix.AF_UNIX {
		return l.Path != "" && l.Path != "@" // how x/sys spells no name at all
	}
	return l.Addr.Port() != 0
}

func (l Listener) datagram() bool { return l.Type == unix.SOCK_DGRAM }

// Inodes are those of the listeners, in their order.
func Inodes(listeners []Listener) []uint64 {
	inodes := make([]uint64, len(listeners))
	for i, l := range listeners {
		inodes[i] = l.Inode
	}
	return inodes
}

// Network is what net.Dial calls the listener's kind: "tcp", "udp", "unix" or "unixgram".
func (l Listener) Network() string {
	switch {
	case l.Family == unix.AF_UNIX && l.datagram():
		return "unixgram"
	case l.Family == unix.AF_UNIX:
		return "unix"
	case l.datagram():
		return "udp"
	}
	return "tcp"
}

// Address is where the listener listens, as net.Dial writes it:
// "0.0.0.0:11111", "[::]:11111", "/run/x.sock" or "@abstract".
func (l Listener) Address() string {
	if l.Family == unix.AF_UNIX {
		return l.Path
	}
	return l.Addr.String()
}

// streams leaves out the datagram sockets, which may have a stream socket's very address.
func streams(listeners []Listener) []Listener {
	return slices.DeleteFunc(slices.Clone(listeners), Listener.datagram)
}
