package plan

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/record"
)

// Spec says what the workers of one generation are to be. It is read anew at each reload. What it names on
// disk is looked up then, and pinned by a plan.
type Spec struct {
	Listen       []listen.Spec // at least one, unless rota was started with sockets
	Command      []string      // program and arguments of a worker
	Workers      int           // pool size; 0: one per core that rota may use
	StartTimeout time.Duration // from the fork to ready; 0: DefaultStartTimeout
	DrainTimeout time.Duration // from the stop signal to SIGKILL; 0: DefaultDrainTimeout

	Directory  string         // working directory; "": the master's
	Env        []string       // K=V, added to the master's own environment
	User       string         // name or number of the user to run as; "": the master's own
	Groups     []string       // the primary group and then the others; nil: the user's own
	Umask      *int           // permission bits; nil: the master's own
	Withhold   []string       // variables of rota's environment that workers don't get, besides those of IsSupervisorVariable
	OpenFiles  int            // limit of open files; 0: as rota was started
	NoNewPrivs bool           // no setuid program gives a worker more rights
	Ready      Readiness      // when a worker counts as ready; zero: READY=1
	StopSignal syscall.Signal // tells a worker to drain; 0: SIGTERM
	StopGroup  bool           // it goes to the whole process group
	Watchdog   time.Duration  // how long a worker may be silent; 0: no limit

	Strategy      record.Strategy // of its reload, unless the request has another
	Checks        []record.Check  // the workers have to pass them while the reload is on trial
	CheckHeaders  []string        // of requests to the workers, a line each: "Host: app.example"
	CheckTimeout  time.Duration   // of each; 0: DefaultCheckTimeout
	MaxDraining   int             // generations that may drain at a time; 0: any number
	ProbeInterval time.Duration   // between two probe connections while slots change; 0: none are sent
}

// The defaults of the timeouts.
const (
	DefaultStartTimeout = 60 * time.Second
	DefaultDrainTimeout = 100 * time.Second
	DefaultCheckTimeout = 5 * time.Second
)

// Validate reports everything that is wrong with the spec itself, joined into one error.
func (s Spec) Validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(s.Command) == 0 || s.Command[0] == "" {
		complain("command: the worker's program is missing")
	}
	if s.Workers < 0 || s.Workers > record.MaxWorkers {
		complain("workers: %d is not between 1 and %d (0 means one per core)", s.Workers, record.MaxWorkers)
	}
	if s.StartTimeout < 0 {
		complain("start timeout: %s is negative", s.StartTimeout)
	}
	if s.DrainTimeout < 0 {
		complain("drain timeout: %s is negative", s.DrainTimeout)
	}
	if s.OpenFiles < 0 {
		complain("open files: %d is negative", s.OpenFiles)
	}
	if s.Watchdog < 0 {
		complain("watchdog: %s is negative", s.Watchdog)
	}
	if s.Strategy.Canary < 0 || s.Strategy.CanarySoak < 0 || s.Strategy.PauseBetween < 0 || s.Strategy.Soak < 0 {
		complain("strategy: canary, canary soak, pause between and soak can't be negative")
	}
	if s.CheckTimeout < 0 || s.MaxDraining < 0 || s.ProbeInterval < 0 {
		complain("check timeout, max draining and probe interval can't be negative")
	}
	if limit := cmp.Or(s.StartTimeout, DefaultStartTimeout); s.Ready.Delay >= limit {
		complain("ready: a delay of %s is not shorter than the start timeout of %s", s.Ready.Delay, limit)
	}
	return errors.Join(errs...)
}

// WithDefaults sets what was left out.
func (s Spec) WithDefaults() Spec {
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0) // unlike NumCPU it respects a container's limit
	}
	s.StartTimeout = cmp.Or(s.StartTimeout, DefaultStartTimeout)
	s.DrainTimeout = cmp.Or(s.DrainTimeout, DefaultDrainTimeout)
	s.CheckTimeout = cmp.Or(s.CheckTimeout, DefaultCheckTimeout)
	s.StopSignal = cmp.Or(s.StopSignal, unix.SIGTERM)
	return s
}
