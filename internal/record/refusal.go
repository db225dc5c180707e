package record

import (
	"errors"
	"fmt"
)

// Why the pool refuses a command.
var (
	// ErrStopping is returned for a command that arrives while the master shuts down.
	ErrStopping = errors.New("the master is shutting down")
	// ErrNoWorker is returned when no living or recently exited worker has the id asked for.
	ErrNoWorker = errors.New("no such worker")
	// ErrNoReload is returned when no reload in the history has the id asked for.
	ErrNoReload = errors.New("no such reload")
	// ErrNoCanary is returned where somebody waits for a canary that the reload does not have.
	ErrNoCanary = errors.New("there is no canary to wait for; say how many slots it has (canary in the request or in the settings, or --canary 1)")
	// ErrResizing is returned for a scale while a reload changes the pool's size.
	ErrResizing = errors.New("a reload is changing the pool's size; ask again when it has passed its trial")
	// ErrKeyReused is returned for a reload whose key came with another request before.
	ErrKeyReused = errors.New("this key was used for a reload that was asked for differently")
	// ErrGeneration is returned for a reload that was to be started only from a certain state.
	ErrGeneration = errors.New("the generation that serves is another, or a reload is about to change it")
	// ErrPoolLimit is returned for a scale that would leave no worker, or too many.
	ErrPoolLimit = fmt.Errorf("the pool has at least one worker and at most %d", MaxWorkers)
)

// ConflictError says why something can't be done now.
type ConflictError struct{ Reason string }

func (e *ConflictError) Error() string { return e.Reason }

// CanaryTooLarge is returned for a reload whose canary would be the whole pool.
type CanaryTooLarge struct{ Canary, Slots int }

func (e CanaryTooLarge) Error() string {
	return fmt.Sprintf("a canary of %d leaves none of the %s for later; it can be at most %d, so leave it out or have more workers",
		e.Canary, Plural(e.Slots, "slot", "slots"), e.Slots-1)
}
