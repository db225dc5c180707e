package process

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"rota/internal/lapse"
	"rota/internal/launch"
	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/record"
)

const shellPath = "/bin/sh"

// Shell runs commands that are not workers.
type Shell struct {
	Spawner *Spawner
	Env     func() []string // the part of rota's environment that it passes on
}

// Run has the shell run a line, in the master's working directory, as its user, and with env added to its
// environment. It returns the last lines that the command printed. Errors: the exit code if it is not 0, and
// the context's. When the context is done the command and its process group are killed, as is what is left of
// the group when the command has ended. The spawner must not be stopped meanwhile.
func (s *Shell) Run(ctx context.Context, line string, env []string) ([]string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("output pipe: %w", err)
	}
	defer r.Close()
	pid, ended, err := s.fork(line, env, w)
	w.Close()
	if err != nil {
		return nil, err
	}
	printed := make(chan []string, 1)
	go func() { printed <- output.ReadLast(r) }()
	err = s.wait(ctx, pid, ended)
	// A process that has left the group may hold the pipe open for ever.
	defer lapse.AfterFunc(OutputGrace, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) }).Stop()
	return <-printed, err
}

func (s *Shell) wait(ctx context.Context, pid int, ended <-chan ExitStatus) error {
	select {
	case how := <-ended:
		if how.Code == 0 {
			return nil
		}
		return fmt.Errorf("it %s", record.Exit{Code: how.Code, Signal: how.Signal})
	case <-ctx.Done():
		s.Spawner.signal(pid, syscall.SIGKILL, true)
		<-ended
		return ctx.Err()
	}
}

func (s *Shell) fork(line string, env []string, output *os.File) (int, <-chan ExitStatus, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	program, err := os.Open(shellPath)
	if err != nil {
		return 0, nil, err
	}
	defer program.Close()
	out := int(output.Fd())
	files := []int{int(null.Fd()), out, out, int(program.Fd())}
	step := launch.Step{Program: len(files) - 1, Path: shellPath, Parent: os.Getpid(), NoWorker: true}
	argv, err := step.Args([]string{shellPath, "-c", line})
	if err != nil {
		return 0, nil, err
	}
	return s.Spawner.fork(forkSpec{
		path:  launch.Self,
		argv:  argv,
		env:   plan.SetVariables(s.Env(), env...),
		files: files,
	})
}
