package worker

import (
	"net/netip"
	"syscall"
)

// addrPort is the zero value for the address of a unix socket.
func addrPort(sa syscall.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// remoteName is for logs. The client's end of a unix connection hardly ever has a name.
func remoteName(remote netip.AddrPort) string {
	if !remote.IsValid() {
		return "unix"
	}
	return remote.String()
}

// senderName is for logs. The sender of a unix datagram has a name if it can be answered.
func senderName(sa syscall.Sockaddr) string {
	if sa, ok := sa.(*syscall.SockaddrUnix); ok && sa.Name != "" {
		return sa.Name
	}
	return remoteName(addrPort(sa))
}

// localName is for logs, and costs a system call.
func localName(fd int) string {
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		return "unknown"
	}
	if sa, ok := sa.(*syscall.SockaddrUnix); ok {
		return sa.Name
	}
	return addrPort(sa).String()
}
