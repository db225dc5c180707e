package listen

import (
	"math"

	"golang.org/x/sys/unix"
)

// turnAway makes the kernel drop the packets that would open new connections. So the workers can empty the queue before
// they close the socket: clients in the queue of a socket that closes are reset. A client that is turned away tries
// again within a second, and is refused then. An inherited socket is left alone: somebody else may go on listening on
// it. A unix socket has no such filter; without its file nobody finds it.
func (s *Socket) turnAway() {
	if s.inherited {
		return
	}
	if s.Path != nil {
		s.Path.hide()
	}
	if s.Asked.Network != "tcp" {
		return
	}
	const flags, syn = 13, 0x02 // the flags' place in the TCP header, and the one that opens a connection
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},              // drop
		{Code: unix.BPF_RET | unix.BPF_K, K: math.MaxUint32}, // let the whole packet in
	}
	// Without the filter a few clients may be lost, which is no reason to keep the socket.
	_ = unix.SetsockoptSockFprog(s.FD, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// invite undoes turnAway.
func (s *Socket) invite() {
	if s.Asked.Network == "tcp" && !s.inherited {
		_ = unix.SetsockoptInt(s.FD, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
	}
	if s.Path != nil {
		s.Path.show()
	}
}
