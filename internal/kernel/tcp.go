package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// TCP states as in the kernel's net/tcp_states.h, named as ss and netstat do. The
// states without a name have no process to show them to: TIME_WAIT and SYN_RECV
// are only remnants and beginnings of sockets.
const (
	tcpEstablished = 1
	tcpSynReceived = 3
	tcpFinWait1    = 4
	tcpFinWait2    = 5
	tcpCloseWait   = 8
	tcpLastAck     = 9
	tcpListen      = 10
	tcpClosing     = 11
)

const tcpConnected = 1<<tcpEstablished | 1<<tcpFinWait1 | 1<<tcpFinWait2 |
	1<<tcpCloseWait | 1<<tcpLastAck | 1<<tcpClosing

func tcpStateName(state uint8) string {
	switch state {
	case tcpEstablished:
		return "ESTABLISHED"
	case tcpFinWait1:
		return "FIN_WAIT1"
	case tcpFinWait2:
		return "FIN_WAIT2"
	case tcpCloseWait:
		return "CLOSE_WAIT"
	case tcpLastAck:
		return "LAST_ACK"
	case tcpClosing:
		return "CLOSING"
	}
	return ""
}

// tcpPort is what one listing is filtered by in the kernel. Two listeners may
// share it, bound to different addresses.
type tcpPort struct {
	family uint8
	port   uint16
}

func tcpPorts(listeners []Listener) []tcpPort {
	var ports []tcpPort
	seen := make(map[tcpPort]bool)
	for _, l := range listeners {
		p := tcpPort{family: uint8(l.Family), port: l.Addr.Port()}
		if l.Family != unix.AF_UNIX && !seen[p] {
			seen[p] = true
			ports = append(ports, p)
		}
	}
	return ports
}

// dump lists the sockets at a port that are in one of the states.
func (p tcpPort) dump(states uint32, extensions uint8) ([]netlink.Message, error) {
	request := inetRequest{family: p.family, protocol: unix.IPPROTO_TCP, extensions: extensions, states: states}
	binary.BigEndian.PutUint16(request.id.localPort[:], p.port)

	messages, err := dump(encode(request))
	if err != nil {
		return nil, fmt.Errorf("list TCP sockets at port %d: %w", p.port, err)
	}
	return messages, nil
}

func (m *inetMessage) localAddress() netip.AddrPort {
	return m.address(m.id.local, m.id.localPort)
}

func (m *inetMessage) remoteAddress() netip.AddrPort {
	return m.address(m.id.remote, m.id.remotePort)
}

// address shows an IPv4 client of a dual-stack listener as what it is.
func (m *inetMessage) address(ip [16]byte, port [2]byte) netip.AddrPort {
	addr := netip.AddrFrom16(ip).Unmap()
	if m.family == unix.AF_INET {
		addr = netip.AddrFrom4([4]byte(ip[:4]))
	}
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(port[:]))
}
