package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"rota/internal/client"
	"rota/internal/printable"
)

// The exit codes of every command.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitLossy       = 4
	exitAborted     = 5
	exitWaitOver    = 124 // as timeout(1) has it
	exitSignal      = 128 // plus the signal's number, as a shell has it
)

// exitCodes is the part of the help that lists the exit codes of commands that talk to a master.
const exitCodes = `Exit codes:
  0    done
  1    the reload failed and was reverted (the verdict says so if it could not be), or its workers don't stay, or the master refused
  2    the command line, the environment or the settings file is wrong
  3    the master can't be reached or does not answer, or what answers is no rota
  4    the reload is done, but not lossless: the verdict says what was lost; or that is unknown and --require=lossless
  5    the reload was aborted
  124  the wait ran out; the reload goes on
  130  SIGINT (Ctrl-C) ended the wait, 143 SIGTERM did; the reload goes on`

// usageError is a mistake in the command line, the environment or the settings file.
type usageError struct{ error }

// errComplained is a usage error that the command has already printed.
var errComplained = usageError{errors.New("the settings have mistakes")}

// outcome ends the command with an exit code of its own.
type outcome struct {
	code  int
	error // nil when everything was printed
}

func (o outcome) Unwrap() error { return o.error }

func (o outcome) Error() string {
	if o.error == nil {
		return fmt.Sprintf("exit code %d", o.code)
	}
	return o.error.Error()
}

// exitCode prints the error, unless it was printed before, and returns the exit code of the process.
func exitCode(w io.Writer, err error) int {
	ending, own := errors.AsType[outcome](err)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errComplained):
		return exitUsage
	case own && ending.error == nil:
		return ending.code
	}
	fmt.Fprintln(w, "rota:", printable.Lines(err.Error()))
	switch {
	case own:
		return ending.code
	case errors.As(err, new(usageError)):
		fmt.Fprintln(w, "rota: see rota --help")
		return exitUsage
	case errors.As(err, new(*client.Unreachable)), errors.As(err, new(*client.Foreign)):
		return exitUnreachable
	case client.StatusOf(err) == http.StatusBadRequest:
		return exitUsage
	}
	return exitFailed
}
