package worker

import "errors"

var (
	// ErrNoListeners says that neither the environment nor the options brought a socket to serve on.
	ErrNoListeners = errors.New("no listening sockets")

	// ErrNotListening says that a stream socket that was given does not listen.
	ErrNotListening = errors.New("a stream socket that doesn't listen")

	// ErrNotServable says that a descriptor that was given is of a kind the worker can't serve.
	ErrNotServable = errors.New("neither a listening stream socket nor a datagram socket")

	// errNoDatagram is for the log: the socket was shut down, or has errors that nobody fetches.
	errNoDatagram = errors.New("the socket wakes the worker again and again, but has no datagram")
)
