package master

import (
	"errors"
	"slices"

	"rota/internal/launch"
)

// launchSpec is what a process is made from.
type launchSpec struct {
	worker     string
	slot       int
	generation int
	revision   string
	plan       *plan
	sockets    []inherited
	unwanted   func() bool // see forkSpec
}

// hold keeps the descriptors open until drop, even if the loop gives them up meanwhile.
func (s launchSpec) hold() {
	s.plan.hold()
	for _, socket := range s.sockets {
		socket.hold()
	}
}

func (s launchSpec) drop() {
	s.plan.drop()
	for _, socket := range s.sockets {
		socket.drop()
	}
}

// fork says how to fork the child. It gets files and, behind them, those that only the launch step needs.
func (s launchSpec) fork(files []int, contract []string) (forkSpec, error) {
	args, err1 := s.expandArgs(s.plan.Command[1:])
	more, err2 := s.expandEnv(s.plan.Env)
	if err := errors.Join(err1, err2); err != nil {
		return forkSpec{}, err
	}
	step := s.plan.step()
	step.Program = len(files)
	files = append(files, s.plan.program.image())
	if s.plan.directory != nil {
		step.DirectoryFD = len(files)
		files = append(files, s.plan.directory.fd)
	}
	argv, err := step.Args(append([]string{s.plan.program.called}, args...))
	return forkSpec{
		path:  launch.Self,
		argv:  argv,
		env:   append(with(slices.Clone(s.plan.env), more...), contract...),
		files: files,

		unwanted: s.unwanted,
	}, err
}

// inherited is a socket as one worker gets it.
type inherited struct {
	*socket
	name string
}
