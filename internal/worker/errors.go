package worker

import "errors"

var (
	// ErrNoListeners: neither the environment nor the options brought a listening socket.
	ErrNoListeners = errors.New("no listening sockets")

	// ErrNotListening: a descriptor that was passed is not a listening stream socket.
	ErrNotListening = errors.New("not a listening stream socket")
)
