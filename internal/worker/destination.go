package worker

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A UDP socket that is bound to every address of the machine answers from the one that the route suggests.
// A client that had asked another address would not take that for its answer, so each datagram has to tell
// which one it was sent to.

// askForDestination returns room for what then comes along with a datagram, or nil where it isn't needed.
func askForDestination(fd int) (room []byte, err error) {
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	if !addrPort(bound).Addr().IsUnspecified() {
		return nil, nil
	}
	if _, ok := bound.(*syscall.SockaddrInet4); ok {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		room = make([]byte, unix.CmsgSpace(unix.SizeofInet4Pktinfo))
	} else {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		room = make([]byte, unix.CmsgSpace(unix.SizeofInet6Pktinfo))
	}
	return room, os.NewSyscallError("setsockopt PKTINFO", err)
}

// answerFrom makes of what came with a datagram what has to go with its answer. It leaves the interface out:
// the way back may be another one.
func answerFrom(control []byte) []byte {
	for len(control) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return nil
		}
		control = rest
		switch {
		case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: [4]byte(data[4:8])})
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: [16]byte(data[:16])})
		}
	}
	return nil
}
