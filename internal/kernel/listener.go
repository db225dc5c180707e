package kernel

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Listener is a listening socket, described as the kernel knows it.
type Listener struct {
	Name   string         // rota's name for it: tcp, http, unix-2
	Family int            // unix.AF_INET, unix.AF_INET6 (may be dual-stack) or unix.AF_UNIX
	Addr   netip.AddrPort // TCP: address and port it is bound to; an unspecified address means any
	Path   string         // unix: its path; an abstract one begins with @
	Inode  uint64         // of the listening socket itself, the same in every process that shares it
}

// Describe asks the kernel what the open listening socket fd is. It only reads:
// the descriptor stays open and its flags, shared by all workers, stay as they are.
//
// The error wraps ErrNotListening or ErrFamily when fd is some other socket, and
// the system call's error (EBADF, ENOTSOCK) when it is none.
func Describe(name string, fd int) (Listener, error) {
	l := Listener{Name: name}
	if err := l.read(fd); err != nil {
		return Listener{}, fmt.Errorf("describe listener %q (fd %d): %w", name, fd, err)
	}
	return l, nil
}

func (l *Listener) read(fd int) error {
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return fmt.Errorf("SO_ACCEPTCONN: %w", err)
	}
	if listening == 0 {
		return ErrNotListening
	}
	if l.Family, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil {
		return fmt.Errorf("SO_DOMAIN: %w", err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("fstat: %w", err)
	}
	l.Inode = stat.Ino
	return l.readAddress(fd)
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

// Network is what net.Dial calls the listener's kind: "tcp" or "unix".
func (l Listener) Network() string {
	if l.Family == unix.AF_UNIX {
		return "unix"
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
