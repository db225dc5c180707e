package master

import (
	"errors"

	"rota/internal/observer"
)

var (
	// ErrStopped is returned by every method once the master's loop has ended.
	ErrStopped = observer.ErrStopped
	// ErrNoConnection is returned when no worker holds a connection with the id asked for, or not any more.
	ErrNoConnection = errors.New("no worker holds this connection")
	// ErrUnseen is returned when the kernel does not show the master what a worker holds.
	ErrUnseen = errors.New("the kernel does not show which connections this worker holds")
	// ErrNotClosed is returned when the kernel refuses to close a connection, with what it said.
	ErrNotClosed = errors.New("the connection can't be closed")
	errNoChecks  = errors.New("checks: this master was given nobody to run them")
	// ErrLogGone is returned for the output of a worker that is known, but gone for too long.
	ErrLogGone = errors.New("what this worker printed is not kept any more")
)
