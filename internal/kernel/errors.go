package kernel

import "errors"

var (
	// ErrNotListening says that a descriptor is a socket nobody listens on.
	ErrNotListening = errors.New("not a listening socket")

	// ErrFamily says that a socket is neither TCP (IPv4, IPv6) nor unix.
	ErrFamily = errors.New("socket family not supported")

	// ErrNoDiag says that the running kernel can't list sockets of this family:
	// it was built without inet_diag, tcp_diag or unix_diag, or may not load it.
	ErrNoDiag = errors.New("the kernel has no sock_diag support")

	// ErrInterrupted says that the sockets changed so much while they were listed
	// that the kernel called its own answer inconsistent, several times in a row.
	ErrInterrupted = errors.New("socket listing was interrupted")
)
