package kernel

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// tcpConnections makes one listing for each port. One for all, with a filter
// program for the kernel, saves a pass over the kernel's table, but that was
// measured as a tenth of what listing the connections costs (18,000 sockets).
func tcpConnections(listeners []Listener) ([]Connection, error) {
	names := namesByAddress(listeners)
	var connections []Connection
	for _, port := range tcpPorts(listeners) {
		messages, err := port.dump(tcpConnected, 1<<(inetDiagInfo-1))
		if err != nil {
			return nil, err
		}
		connections = slices.Grow(connections, len(messages))
		for _, m := range messages {
			if c, ok := parseTCP(m.Data, names); ok {
				connections = append(connections, c)
			}
		}
	}
	return connections, nil
}

// parseTCP reads one inet_diag_msg with its attributes. Not ok: the message is
// broken, no process holds the socket, or it came from none of the listeners.
func parseTCP(data []byte, names addressNames) (Connection, bool) {
	m, ok := decode[inetMessage](data)
	if !ok || m.inode == 0 {
		return Connection{}, false
	}
	local := m.localAddress()
	name, ok := names.find(m.family, local)
	if !ok {
		return Connection{}, false
	}
	return Connection{
		Cookie:    cookie(m.id.cookie),
		Inode:     uint64(m.inode),
		Listener:  name,
		Remote:    m.remoteAddress().String(),
		Local:     local.String(),
		TCPState:  tcpStateName(m.state),
		RecvQueue: uint32(without(uint64(m.recvQueue), finReceived(m.state))),
		SendQueue: uint32(without(uint64(m.sendQueue), finUnacknowledged(m.state))),
		TCP:       parseTCPInfo(attribute(data[inetMessageSize:], inetDiagInfo), m.state),
	}, true
}

// addressNames finds the listener a connection came from by its local end.
type addressNames map[boundAddress]string

type boundAddress struct {
	family uint8
	addr   netip.AddrPort // with the zero address standing for any
}

func namesByAddress(listeners []Listener) addressNames {
	names := make(addressNames)
	for _, l := range listeners {
		if l.Family != unix.AF_UNIX {
			names[bound(uint8(l.Family), l.Addr)] = l.Name
		}
	}
	return names
}

func (names addressNames) find(family uint8, local netip.AddrPort) (string, bool) {
	if name, ok := names[bound(family, local)]; ok {
		return name, true
	}
	name, ok := names[boundAddress{family, netip.AddrPortFrom(netip.Addr{}, local.Port())}]
	return name, ok
}

// bound makes addresses comparable: the zone of a link-local address is not part
// of what the kernel reports for a connection, and any address has two spellings.
func bound(family uint8, addr netip.AddrPort) boundAddress {
	ip := addr.Addr().Unmap().WithZone("")
	if ip.IsUnspecified() {
		ip = netip.Addr{}
	}
	return boundAddress{family, netip.AddrPortFrom(ip, addr.Port())}
}
