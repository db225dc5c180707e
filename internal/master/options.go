package master

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// Options is what a master is made of. Listen and Command are needed; the rest has defaults.
type Options struct {
	Listen       []ListenAddress // at least one
	Command      []string        // program and arguments of a worker; the program is resolved anew at each reload
	Workers      int             // pool size; 0: one per core that it may use
	StartTimeout time.Duration   // from the fork to READY=1; 0: DefaultStartTimeout
	DrainTimeout time.Duration   // from SIGTERM to SIGKILL; 0: DefaultDrainTimeout
	Log          zerolog.Logger
}

// Validate reports everything that is wrong with the options, joined into one error.
func (o Options) Validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Listen) == 0 {
		complain("listen: at least one address is needed")
	}
	if len(o.Command) == 0 {
		complain("command: the worker's program is missing")
	}
	if o.Workers < 0 || o.Workers > MaxWorkers {
		complain("workers: %d is not between 1 and %d (0 means one per core)", o.Workers, MaxWorkers)
	}
	if o.StartTimeout < 0 {
		complain("start timeout: %s is negative", o.StartTimeout)
	}
	if o.DrainTimeout < 0 {
		complain("drain timeout: %s is negative", o.DrainTimeout)
	}
	return errors.Join(errs...)
}

// The defaults of the timeouts.
const (
	DefaultStartTimeout = 10 * time.Second
	DefaultDrainTimeout = 100 * time.Second
)

// MaxWorkers is the largest pool size.
const MaxWorkers = 1024
