package kernel

import (
	"time"

	"golang.org/x/sys/unix"
)

// parseTCPInfo reads struct tcp_info, which is shorter on older kernels.
func parseTCPInfo(data []byte, state uint8) *TCPInfo {
	info, _ := decode[unix.TCPInfo](data)
	return &TCPInfo{
		Idle:     time.Duration(min(info.Last_data_recv, info.Last_data_sent)) * time.Millisecond,
		BytesIn:  without(info.Bytes_received, finReceived(state)),
		BytesOut: without(info.Bytes_sent, info.Bytes_retrans),
		RTT:      time.Duration(info.Rtt) * time.Microsecond,
	}
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
