// Command rota keeps workers on duty behind one set of listening sockets and replaces
// them without losing a connection.
package main

import (
	"errors"
	"fmt"
	"os"

	"rota/internal/launch"
)

func main() {
	// A worker's first moment: before anything else is set up, become its program.
	if len(os.Args) > 1 && os.Args[1] == launch.Verb {
		fmt.Fprintln(os.Stderr, "rota:", launch.Main(os.Args))
		os.Exit(launch.FailedExit)
	}
	os.Exit(exitCode(rootCommand().Execute()))
}

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is what the user can mend in the command line, the environment or the
// settings file.
type usageError struct{ error }

// errComplained is an error of usage whose complaints were the command's output.
var errComplained = usageError{errors.New("the settings have mistakes")}

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errComplained):
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "rota:", err)
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(os.Stderr, "rota: see rota --help")
		return exitUsage
	}
	return exitFailed
}
