package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rota/internal/settings"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rota",
		Short: "Serve with one worker per core and reload without losing a connection",
		Long: `rota opens the listening sockets, keeps one worker per core behind them, and replaces the
workers on SIGHUP or POST /reload: each new one is ready before its predecessor drains.
Without a command it does what "rota run" does.`,
		Version:       currentVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	run := runCommand()
	root.Args, root.RunE = run.Args, run.RunE
	root.Flags().AddFlagSet(run.Flags())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(run, versionCommand(), workerCommand())
	return root
}

// onlyACommand lets through what stands behind --, the program that the workers are to be.
func onlyACommand(command *cobra.Command, args []string) error {
	if n := command.ArgsLenAtDash(); n >= 0 {
		args = args[:n]
	}
	return noArguments(command, args)
}

// noArguments is cobra.NoArgs with an error that counts as one of usage.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("unknown command or argument %q", args[0])}
}

func runCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "run [flags] [-- command [argument]...]",
		Short: "Start the master and its workers",
		Args:  onlyACommand,
		RunE: func(command *cobra.Command, program []string) error {
			s, err := load(command.Flags())
			if err != nil {
				return usageError{err}
			}
			return run(s, program)
		},
	}
	settings.Register(command.Flags())
	command.Flags().String("config", "", "YAML `file` with settings; $ROTA_CONFIG names it too")
	return command
}

// load takes the path of the settings file out first: it is not a setting itself.
func load(flags *pflag.FlagSet) (settings.Settings, error) {
	file, err := flags.GetString("config")
	if err != nil {
		return settings.Settings{}, err
	}
	var environ []string
	for _, kv := range os.Environ() {
		if value, ok := strings.CutPrefix(kv, "ROTA_CONFIG="); ok {
			if !flags.Changed("config") {
				file = value
			}
			continue
		}
		environ = append(environ, kv)
	}
	if file == "" && flags.Changed("config") {
		return settings.Settings{}, errors.New("--config: the path is empty")
	}
	return settings.Load(flags, environ, file)
}
