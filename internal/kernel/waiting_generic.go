//go:build arm64 || riscv64 || loong64

package kernel

import "golang.org/x/sys/unix"

// waitingCalls are the system calls that may wait for a connection, by number. poll and select are made of
// these two here.
var waitingCalls = map[int64]waitingCall{
	unix.SYS_ACCEPT:         callAccept,
	unix.SYS_ACCEPT4:        callAccept,
	unix.SYS_PPOLL:          callPoll,
	unix.SYS_PSELECT6:       callSelect,
	unix.SYS_EPOLL_PWAIT:    callEpoll,
	unix.SYS_EPOLL_PWAIT2:   callEpoll,
	unix.SYS_IO_URING_ENTER: callRing,
}
