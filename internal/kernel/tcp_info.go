package kernel

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// parseTCPInfo reads struct tcp_info, which is shorter on older kernels.
func parseTCPInfo(data []byte, state uint8) *TCPInfo {
	info, _ := decode[unix.TCPInfo](data)
	counted := len(data) >= countersSize
	return &TCPInfo{
		Idle:     time.Duration(min(info.Last_data_recv, info.Last_data_sent)) * time.Millisecond,
		BytesIn:  without(info.Bytes_received, finReceived(state)),
		BytesOut: without(info.Bytes_sent, info.Bytes_retrans),
		RTT:      time.Duration(info.Rtt) * time.Microsecond,

		Unanswered: counted && waits(&info, without(info.Bytes_received, finReceived(state))),
	}
}

// countersSize is that of a tcp_info with all that is read here: since Linux 4.19.
const countersSize = int(unsafe.Offsetof(unix.TCPInfo{}.Dsack_dups))

// The kernel tells when data came and was sent last, in ticks of mostly 4 ms. A client that asks again as
// soon as it has an answer does that within the same tick, and so does a server that answers at once. Then
// the acknowledgements tell more.

// waits reports whether the peer's last bytes came after the last that were sent to it.
func waits(info *unix.TCPInfo, in uint64) bool {
	if info.Last_data_sent != info.Last_data_recv || in == 0 || info.Bytes_sent == 0 {
		return unanswered(info, in)
	}
	if info.Unacked > 0 || info.Notsent_bytes > 0 || info.Last_ack_recv < info.Last_data_recv {
		return false // what was sent is not acknowledged yet, or was by itself and later
	}
	// What was sent is acknowledged, in the same tick, too. A peer that acknowledges each answer by itself was
	// answered. One that leaves it to its next question has just sent that.
	const handshake = 2
	alone := info.Segs_in - info.Data_segs_in
	return alone < info.Data_segs_in+handshake
}

// unanswered is false where both came in the same tick.
func unanswered(info *unix.TCPInfo, in uint64) bool {
	return in > 0 && (info.Bytes_sent == 0 || info.Last_data_sent > info.Last_data_recv)
}

// mayWait is for a connection that has ended, of which the last acknowledgement is that of the goodbye. What
// comes in turns, and fits into one packet each, has come once more than it went.
func mayWait(info *unix.TCPInfo, in uint64) bool {
	const lately = 1000 // milliseconds
	return in > 0 && info.Last_data_sent >= info.Last_data_recv && info.Last_data_recv < lately && info.Data_segs_in > info.Data_segs_out
}

// The kernel counts bytes by sequence numbers, and a FIN takes one up. It is no
// payload, so the two functions below say when it is among what was counted.

// finReceived is 1 in the states that a FIN of the peer leads to. It is the last
// thing in the receive queue, so it is there as long as anything is.
func finReceived(state uint8) uint64 {
	switch state {
	case tcpCloseWait, tcpLastAck, tcpClosing:
		return 1
	}
	return 0
}

// finUnacknowledged is 1 in the states that wait for the peer to acknowledge our
// FIN, which is therefore still in the send queue.
func finUnacknowledged(state uint8) uint64 {
	switch state {
	case tcpFinWait1, tcpLastAck, tcpClosing:
		return 1
	}
	return 0
}

// without subtracts down to zero: an old kernel may not tell what to subtract from.
func without(count, less uint64) uint64 {
	return count - min(count, less)
}
