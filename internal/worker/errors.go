package worker

import "errors"

var (
	// ErrNoListeners says that neither the environment nor the options brought a listening socket.
	ErrNoListeners = errors.New("no listening sockets")

	// ErrNotListening says that a descriptor that was given is not a listening stream socket.
	ErrNotListening = errors.New("not a listening stream socket")
)
