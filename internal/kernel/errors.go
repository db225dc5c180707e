package kernel

import "errors"

var (
	// ErrNotListening says that a descriptor is a stream socket nobody listens on, a
	// datagram socket that is bound to no address or connected to a peer, or one of
	// either kind that was shut down.
	ErrNotListening = errors.New("not a listening socket")

	// ErrFamily says that a socket is of neither internet family (IPv4, IPv6) nor unix.
	ErrFamily = errors.New("socket family not supported")

	// ErrType says that a socket is of a supported family, but not TCP, UDP, unix stream
	// or unix datagram: SOCK_SEQPACKET, SCTP, a raw one.
	ErrType = errors.New("socket type not supported")

	// ErrNoDiag says that the running kernel can't list sockets of this family:
	// it was built without inet_diag, tcp_diag or unix_diag, or may not load it, or
	// something between it and the caller, such as a sandbox, forbids netlink.
	ErrNoDiag = errors.New("the kernel has no sock_diag support, or a sandbox forbids it (netlink)")

	// ErrInterrupted says that the sockets changed so much while they were listed
	// that the kernel called its own answer inconsistent, several times in a row.
	ErrInterrupted = errors.New("socket listing was interrupted")

	// ErrClosed says that a connection which was to be closed is closed already, or is
	// held by none of the processes any more.
	ErrClosed = errors.New("the connection is closed already")

	// ErrNoDestroy says that the running kernel can't destroy a connection of this kind: it
	// is no TCP connection, or the kernel was built without CONFIG_INET_DIAG_DESTROY.
	ErrNoDestroy = errors.New("the kernel can't destroy this connection")
)
