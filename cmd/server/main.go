//go:build !manual

// Command rota keeps workers on duty behind one set of listening sockets and replaces
// them without losing a connection.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"rota/internal/launch"
	"rota/internal/worker"
)

func main() {
	// The launch step of a worker: before anything else is set up, become its program.
	if len(os.Args) > 1 && os.Args[1] == launch.Verb {
		if isBuiltInWorker(launch.ArgsOfProgram(os.Args)) {
			worker.RelaxTimers(os.Getenv("LISTEN_FDNAMES"))
		}
		fmt.Fprintln(os.Stderr, "rota:", launch.Main(os.Args))
		os.Exit(launch.FailedExit)
	}
	outlivePipes()
	os.Exit(execute(commandFor(os.Args), os.Stdout, os.Stderr))
}

// commandFor returns the root command. A worker gets only its own command, so that it starts faster.
func commandFor(args []string) *cobra.Command {
	if len(args) > 1 && args[1] == workerVerb {
		command := workerCommand()
		command.SilenceErrors, command.SilenceUsage = true, true
		command.SetFlagErrorFunc(mistaken)
		command.SetArgs(args[2:])
		return command
	}
	return rootCommand()
}
