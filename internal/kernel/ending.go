package kernel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Ending is what the kernel reports of a TCP connection when it releases the socket: when no process holds it
// and the closing handshake is over, or earlier if the kernel then keeps less than the socket. A connection
// that was reset ends at once.
type Ending struct {
	Cookie uint64 // as in Connection
	Remote string // as in Connection; "" if it was aborted

	// Unread is the number of bytes that had arrived and were not read when the process closed the connection.
	// The kernel resets the peer because of them. A single byte looks the same as the peer's FIN and counts as
	// none.
	Unread uint32
	// Aborted: the process asked for a reset (SO_LINGER with time 0). The kernel then forgets its counters.
	Aborted bool
	// Unanswered: it was closed without a reset, and nothing was sent after the peer's last bytes. It is false
	// if both happened at nearly the same time.
	Unanswered bool
	// MayBeUnanswered: it looks unanswered if the protocol is one where both sides take turns.
	MayBeUnanswered bool
	BytesOut        uint64
	BytesIn         uint64 // one more than in Connection if the process has read the peer's FIN
}

// Endings receives the endings of the TCP connections that were accepted from some listeners.
type Endings struct {
	conn  *netlink.Conn
	names addressNames
}

// WatchEndings subscribes to the endings. That needs no privilege, but a sandbox may forbid it.
func WatchEndings(listeners []Listener) (*Endings, error) {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG, &netlink.Config{Groups: destroyedTCP, MessageBufferSize: dumpBuffer})
	if err != nil {
		return nil, fmt.Errorf("listen for the end of connections: %w", err)
	}
	_ = conn.SetReadBuffer(endingsBuffer)
	filter, err := portFilter(listeners)
	if err == nil {
		err = conn.SetBPF(filter)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen for the end of connections: %w", err)
	}
	return &Endings{conn: conn, names: namesByAddress(streams(listeners))}, nil
}

const (
	destroyedTCP  = 1<<0 | 1<<2 // SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY
	endingsBuffer = 1 << 20
)

// Next waits for endings. more is false once Endings is closed. lost means that the kernel could not report
// some.
func (e *Endings) Next() (list []Ending, lost, more bool) {
	messages, err := e.conn.Receive()
	if errors.Is(err, unix.ENOBUFS) {
		return nil, true, true
	}
	if err != nil {
		return nil, true, false
	}
	for _, m := range messages {
		ending, ours, told := parseEnding(m.Data, e.names)
		if ours && told {
			list = append(list, ending)
		}
		lost = lost || ours && !told
	}
	return list, lost, true
}

// Close ends a Next that waits, and all after it.
func (e *Endings) Close() { _ = e.conn.Close() }

// parseEnding reads one message. It is not ours if the connection came from none of the listeners, and not
// told if the kernel (before Linux 4.19) does not count what that takes.
func parseEnding(data []byte, names addressNames) (ending Ending, ours, told bool) {
	m, ok := decode[inetMessage](data)
	if !ok {
		return Ending{}, false, false
	}
	_, ours = names.find(m.family, m.localAddress())
	counters := attribute(data[inetMessageSize:], inetDiagInfo)
	info, _ := decode[unix.TCPInfo](counters)
	told = len(counters) >= countersSize
	return endingOf(&m, &info), ours, told
}

// endingOf reads it from the counters. Bytes are counted by sequence numbers, and a FIN takes one up: so the
// kernel's own FIN was acknowledged if more is than was sent.
func endingOf(m *inetMessage, info *unix.TCPInfo) Ending {
	ending := Ending{
		Cookie:   cookie(m.id.cookie),
		Remote:   m.remoteAddress().String(),
		BytesOut: without(info.Bytes_sent, info.Bytes_retrans),
		Aborted:  info.Segs_out == 0 && info.Segs_in == 0,
	}
	peace := info.Bytes_acked > ending.BytesOut
	in := info.Bytes_received
	switch {
	case ending.Aborted:
		ending.Remote = ""
	case !peace && m.recvQueue > 1:
		ending.Unread = m.recvQueue
	case m.recvQueue == 1:
		in-- // the peer's FIN
	}
	ending.BytesIn = in
	if peace {
		ending.tellWhoWaits(info, in)
	}
	return ending
}

// portFilter lets through what is about the ports. The message has the local one behind its two headers'
// first fields.
func portFilter(listeners []Listener) ([]bpf.RawInstruction, error) {
	const offset = unix.SizeofNlMsghdr + 4
	var ports []uint16
	for _, port := range tcpPorts(streams(listeners)) {
		ports = append(ports, port.port)
	}
	slices.Sort(ports)
	program := []bpf.Instruction{bpf.LoadAbsolute{Off: offset, Size: 2}}
	for _, port := range slices.Compact(ports) {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1}, bpf.RetConstant{Val: 1 << 16})
	}
	return bpf.Assemble(append(program, bpf.RetConstant{Val: 0}))
}

// Leaving is a connection that its process has closed before the peer, and whose closing handshake is under
// way.
type Leaving struct {
	Ending      // as it will be reported
	Over   bool // in TIME_WAIT or FIN_WAIT2 for a minute: only Cookie and Remote are known
}

// Leavings lists the leaving connections of the listeners, by cookie. Unix sockets have none.
func Leavings(listeners []Listener) (map[uint64]Leaving, error) {
	names := namesByAddress(streams(listeners))
	list := map[uint64]Leaving{}
	for _, port := range tcpPorts(streams(listeners)) {
		messages, err := port.dump(tcpLeaving, 1<<(inetDiagInfo-1))
		if err != nil {
			return nil, err
		}
		for _, message := range messages {
			m, ok := decode[inetMessage](message.Data)
			if _, known := names.find(m.family, m.localAddress()); ok && known && m.inode == 0 {
				list[cookie(m.id.cookie)] = leavingOf(&m, message.Data)
			}
		}
	}
	return list, nil
}

const (
	tcpTimeWait = 6
	tcpLeaving  = 1<<tcpFinWait1 | 1<<tcpFinWait2 | 1<<tcpClosing | 1<<tcpTimeWait
)

func leavingOf(m *inetMessage, data []byte) Leaving {
	l := Leaving{Ending: Ending{Cookie: cookie(m.id.cookie), Remote: m.remoteAddress().String()}}
	content := attribute(data[inetMessageSize:], inetDiagInfo)
	if content == nil {
		l.Over = true
		return l
	}
	info, _ := decode[unix.TCPInfo](content)
	l.BytesOut = without(info.Bytes_sent, info.Bytes_retrans)
	l.BytesIn = without(info.Bytes_received, finReceived(m.state))
	l.tellWhoWaits(&info, l.BytesIn)
	return l
}

func (e *Ending) tellWhoWaits(info *unix.TCPInfo, in uint64) {
	e.Unanswered = unanswered(info, in)
	e.MayBeUnanswered = mayWait(info, in)
}

// Resets returns how many connections of the network namespace were reset because their process closed them
// with unread bytes, or asked for the reset, or had closed them before more bytes arrived. It reads one file,
// which takes about 100 µs.
func Resets() (uint64, error) {
	counters, err := tcpCounters("TCPAbortOnClose", "TCPAbortOnData")
	if err != nil {
		return 0, err
	}
	return counters[0] + counters[1], nil
}
