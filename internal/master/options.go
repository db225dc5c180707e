package master

import (
	"errors"

	"github.com/rs/zerolog"

	"rota/internal/listen"
	"rota/internal/plan"
)

// Options is what a master is made of. Its Spec needs Listen and Command; the rest has defaults.
type Options struct {
	plan.Spec                           // of the first generation
	Reread    func() (plan.Spec, error) // asked for the spec of each further one; nil: the first one's again
	Inherited []listen.InheritedSocket  // sockets that rota was started with
	Probe     plan.ProbeHTTP            // does one HTTP request; needed by the readiness http
	Check     RunChecks                 // asks the workers of a reload on trial; needed for checks
	Log       zerolog.Logger

	// Ended is called when a worker has ended and before its leftover processes are killed: the last moment
	// to look at them. Its minder waits until it returns. It may be nil.
	Ended func(worker string)
}

// judge reports everything that is wrong with a spec for this master, joined into one error.
func (o Options) judge(s plan.Spec) error {
	err := s.Validate()
	if len(s.Listen) == 0 && len(o.Inherited) == 0 {
		err = errors.Join(errors.New("listen: at least one address is needed"), err)
	}
	if s.Ready.Kind == plan.ReadyHTTP && o.Probe == nil {
		err = errors.Join(err, plan.ErrNoProbe)
	}
	if len(s.Checks) > 0 && o.Check == nil {
		err = errors.Join(err, errNoChecks)
	}
	return err
}
