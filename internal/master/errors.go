package master

import (
	"errors"
	"fmt"
)

var (
	// ErrStopping is returned for a command that arrives while the master shuts down.
	ErrStopping = errors.New("the master is shutting down")
	// ErrStopped is returned by every method once the master's loop has ended.
	ErrStopped = errors.New("the master has stopped")
	// ErrNoWorker is returned when no living or recently exited worker has the id asked for.
	ErrNoWorker = errors.New("no such worker")
	// ErrNoReload is returned when no reload in the history has the id asked for.
	ErrNoReload = errors.New("no such reload")
	// ErrNoCanary is returned where somebody waits for a canary that the reload does not have.
	ErrNoCanary = errors.New("there is no canary to wait for; say how many slots it has (canary in the request or in the settings, or --canary 1)")
	// ErrNoConnection is returned when no worker holds a connection with the id asked for, or not any more.
	ErrNoConnection = errors.New("no worker holds this connection")
	// ErrUnseen is returned when the kernel does not show the master what a worker holds.
	ErrUnseen = errors.New("the kernel does not show which connections this worker holds")
	// ErrNotClosed is returned when the kernel refuses to close a connection, with what it said.
	ErrNotClosed = errors.New("the connection can't be closed")
	// ErrResizing is returned for a scale while a reload changes the pool's size.
	ErrResizing = errors.New("a reload is changing the pool's size; ask again when it has passed its trial")
	errNoChecks = errors.New("checks: this master was given nobody to run them")
	// ErrKeyReused is returned for a reload whose key came with another request before.
	ErrKeyReused = errors.New("this key was used for a reload that was asked for differently")
	// ErrGeneration is returned for a reload that was to be started only from a certain state.
	ErrGeneration = errors.New("the generation that serves is another, or a reload is about to change it")
	errUnwanted   = errors.New("it was told to stop before it was started")
	// ErrLogGone is returned for the output of a worker that is known, but gone for too long.
	ErrLogGone = errors.New("what this worker printed is not kept any more")
	// ErrPoolLimit is returned for a scale that would leave no worker, or too many.
	ErrPoolLimit = fmt.Errorf("the pool has at least one worker and at most %d", MaxWorkers)
)
