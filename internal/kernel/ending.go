package kernel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Ending is what the kernel tells of a TCP connection when it lets go of it: when nobody holds its socket any
// more and the goodbye is over, or as far as the kernel keeps the socket for that. A connection that was
// reset ends at once.
type Ending struct {
	Cookie uint64 // as Connection has it
	Remote string // likewise; "" if it was aborted

	// Unread are the bytes that had arrived and that nobody had read when the process closed it, for which the
	// kernel resets the peer. A single byte can't be told from the peer's goodbye and counts as none.
	Unread uint32
	// Aborted is a reset that the process wanted (SO_LINGER with no time). The kernel forgets what it had
	// counted.
	Aborted bool
	// Unanswered: it was closed in peace, and nothing was sent after the peer's last bytes. If both were at
	// nearly the same time this is false.
	Unanswered bool
	// MayBeUnanswered: it looks like that, for a protocol in which both take turns.
	MayBeUnanswered bool
	BytesOut        uint64
	BytesIn         uint64 // one more than Connection has if the process has heard of the peer's goodbye
}

// Endings are told of the TCP connections that were accepted from some listeners.
type Endings struct {
	conn  *netlink.Conn
	names addressNames
}

// WatchEndings begins to listen for them. That takes no right, but a sandbox may forbid it.
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
	destroyedTCP  = 1<<0 | 1<<2 // the groups SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY of linux/sock_diag.h
	endingsBuffer = 1 << 20
)

// Next waits for some. more is false once it is closed; lost says that there were others, of which the kernel
// could not tell.
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

// Leaving is a connection that no process holds any more and that says goodbye: its process, and not the
// peer, has closed it first.
type Leaving struct {
	Ending      // as it is going to be
	Over   bool // nothing is left but to remember it for a minute (TIME_WAIT, FIN_WAIT2), and only Cookie and Remote are known
}

// Leavings lists those of the listeners, of the last minute. Of a unix socket none is left.
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

// Resets counts the connections of the network namespace that were reset because their process closed them
// with something unread, or wanted that, or had closed them before something arrived. It reads one file, in
// some 100 µs.
func Resets() (uint64, error) {
	counters, err := tcpCounters("TCPAbortOnClose", "TCPAbortOnData")
	if err != nil {
		return 0, err
	}
	return counters[0] + counters[1], nil
}
