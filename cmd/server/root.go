package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rota",
		Short: "Serve with one worker per core and reload without losing a connection",
		Long: `rota opens the listening sockets, keeps one worker per core behind them, and replaces the workers
on SIGHUP or POST /reload: each new worker is ready before the old one drains.
Without a command it does what "rota run" does.`,
		Version:       currentVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,

		PersistentPreRunE: refuseEmpty,
	}
	run := runCommand()
	root.Args, root.RunE = run.Args, run.RunE
	shareFlags(root, run.Flags())
	root.SetFlagErrorFunc(mistaken)
	root.AddCommand(run, configCommand(run.Flags()), doctorCommand(run.Flags()), versionCommand(), workerCommand())
	root.AddGroup(&cobra.Group{ID: remoteGroup, Title: "Commands that talk to a running master:"})
	root.AddCommand(remoteCommands()...)
	root.SetOut(&output{Writer: os.Stdout}) // the completion commands keep the output that is set here
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseUnknown(root)
	return root
}

// refuseUnknown makes cobra's own commands and command groups refuse unknown arguments, instead of showing
// help and ending with 0.
func refuseUnknown(root *cobra.Command) {
	for _, command := range root.Commands() {
		switch {
		case command.Name() == "help":
			command.Args = func(_ *cobra.Command, topic []string) error {
				if _, rest, err := root.Find(topic); err != nil || len(rest) > 0 {
					return usageError{fmt.Errorf("there is no command %q", strings.Join(topic, " "))}
				}
				return nil
			}
		case !command.Runnable():
			command.Args = noArguments
			command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
		}
		if command.Name() == "completion" {
			for _, shell := range command.Commands() {
				shell.Args = noArguments
			}
		}
	}
}
