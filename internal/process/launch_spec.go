package process

import (
	"errors"
	"slices"

	"rota/internal/launch"
	"rota/internal/listen"
	"rota/internal/plan"
)

// LaunchSpec is what a process is made from.
type LaunchSpec struct {
	Worker     string
	Slot       int
	Generation int
	Revision   string
	Plan       *plan.Plan
	Sockets    []PassedSocket
	Cancelled  func() bool // whether it need not be started any more; may be nil
}

// Hold keeps the descriptors open until the Drop that belongs to it, even if the loop gives them up
// meanwhile.
func (s LaunchSpec) Hold() {
	s.Plan.Hold()
	for _, socket := range s.Sockets {
		socket.Hold()
	}
}

// Drop is what every Hold is followed by.
func (s LaunchSpec) Drop() {
	s.Plan.Drop()
	for _, socket := range s.Sockets {
		socket.Drop()
	}
}

// fork says how to fork the child. It gets files and, behind them, those that only the launch step needs.
func (s LaunchSpec) fork(files []int, contract []string) (forkSpec, error) {
	args, err1 := s.expandArgs(s.Plan.Command[1:])
	more, err2 := s.expandEnv(s.Plan.Env)
	if err := errors.Join(err1, err2); err != nil {
		return forkSpec{}, err
	}
	step := s.Plan.LaunchStep()
	step.Program = len(files)
	files = append(files, s.Plan.Program.ExecFD())
	if s.Plan.WorkDir != nil {
		step.DirectoryFD = len(files)
		files = append(files, s.Plan.WorkDir.FD)
	}
	argv, err := step.Args(append([]string{s.Plan.Program.Argv0}, args...))
	return forkSpec{
		path:  launch.Self,
		argv:  argv,
		env:   append(plan.SetVariables(slices.Clone(s.Plan.Environment), more...), contract...),
		files: files,

		cancelled: s.Cancelled,
	}, err
}

// PassedSocket is a socket as one worker gets it.
type PassedSocket struct {
	*listen.Socket
	Name string
}
