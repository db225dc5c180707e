package master

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"rota/internal/lapse"
	"rota/internal/launch"
)

const shellPath = "/bin/sh"

// shell runs commands that are not workers.
type shell struct {
	spawner *spawner
	env     func() []string // the part of rota's environment that it passes on
}

// run has the shell run a line, in the master's working directory, as its user, and with env added to its
// environment. It returns the last lines that the command printed. Errors: the exit code if it is not 0, and
// the context's. When the context is done the command and its process group are killed, as is what is left of
// the group when the command has ended. The spawner must not be stopped meanwhile.
func (s *shell) run(ctx context.Context, line string, env []string) ([]string, error) {
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
	output := make(chan []string, 1)
	go func() { output <- lastPrinted(r) }()
	err = s.wait(ctx, pid, ended)
	// A process that has left the group may hold the pipe open for ever.
	defer lapse.AfterFunc(outputGrace, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) }).Stop()
	return <-output, err
}

func (s *shell) wait(ctx context.Context, pid int, ended <-chan exitStatus) error {
	select {
	case how := <-ended:
		if how.code == 0 {
			return nil
		}
		return fmt.Errorf("it %s", Exit{Code: how.code, Signal: how.signal})
	case <-ctx.Done():
		s.spawner.signal(pid, syscall.SIGKILL, true)
		<-ended
		return ctx.Err()
	}
}

func (s *shell) fork(line string, env []string, output *os.File) (int, <-chan exitStatus, error) {
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
	return s.spawner.fork(forkSpec{
		path:  launch.Self,
		argv:  argv,
		env:   with(s.env(), env...),
		files: files,
	})
}

// lastPrinted reads to the end and returns the last lines. It never holds more than about a chunk.
func lastPrinted(r io.Reader) []string {
	chunks := make(chan chunk)
	go func() {
		readChunks(r, stdout, chunks, nil) // nothing stops it: r ends
		close(chunks)
	}()
	var held []byte
	for c := range chunks {
		held = append(held, c.data...)
		if extra := len(held) - chunkSize; extra > 0 {
			held = append(held[:0], held[extra:]...)
		}
	}
	_, rest := skipLines(held, recordLines)
	var lines []string
	for len(rest) > 0 {
		var line []byte
		line, rest = cutLine(rest)
		lines = append(lines, clip(clean(line), recordText))
	}
	return lines
}
