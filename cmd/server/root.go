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

		PersistentPreRunE: refuseEmpty,
	}
	run := runCommand()
	root.Args, root.RunE = run.Args, run.RunE
	shareFlags(root, run.Flags())
	root.SetFlagErrorFunc(mistaken)
	root.AddCommand(run, configCommand(run.Flags()), doctorCommand(run.Flags()), versionCommand(), workerCommand())
	root.AddGroup(&cobra.Group{ID: remoteGroup, Title: "Commands that talk to a running master:"})
	root.AddCommand(remoteCommands()...)
	root.SetOut(&output{Writer: os.Stdout}) // completion's commands keep what is set now
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseUnknown(root)
	return root
}

// refuseUnknown has the commands that cobra makes, and those that only have commands below them, refuse what they don't know.
// They would show their help and end with 0.
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

// mistaken makes an error in the flags one of usage.
func mistaken(_ *cobra.Command, err error) error { return usageError{err} }

// onlyACommand lets through what stands behind --, the program that the workers are to be.
func onlyACommand(command *cobra.Command, args []string) error {
	args, _, err := splitAtDash(command, args)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command or argument %q; a program goes behind --, as in: rota -- %s", args[0], strings.Join(args, " "))}
	}
	return nil
}

// splitAtDash separates a command's arguments from the program behind --, if there is one.
func splitAtDash(command *cobra.Command, args []string) (before, program []string, err error) {
	n := command.ArgsLenAtDash()
	if n < 0 {
		return args, nil, nil
	}
	if n == len(args) {
		return nil, nil, usageError{errors.New("the command behind -- is missing")}
	}
	return args[:n], args[n:], nil
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
			s, err := load(command.Flags(), program)
			if err != nil {
				return usageError{err}
			}
			return run(s, func() (settings.Settings, error) { return load(command.Flags(), program) })
		},
	}
	command.Flags().String("config", "", "YAML `file` with settings; $ROTA_CONFIG names it too")
	settings.Register(command.Flags())
	return command
}

// shareFlags gives a command the flags of another, in their order. They are made once, since every
// worker that starts makes them too.
func shareFlags(command *cobra.Command, flags *pflag.FlagSet) {
	command.Flags().SortFlags = false
	command.Flags().AddFlagSet(flags)
}

// load merges what flags, environment and file say, and the program behind --. Every reload calls it anew.
func load(flags *pflag.FlagSet, program []string) (settings.Settings, error) {
	environ, file, err := findFile(flags)
	if err != nil {
		return settings.Settings{}, err
	}
	return settings.Load(flags, environ, file, program)
}

// findFile takes the path of the settings file out of the environment: it is not a setting itself.
func findFile(flags *pflag.FlagSet) (environ []string, file string, err error) {
	if file, err = flags.GetString("config"); err != nil {
		return nil, "", err
	}
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
		return nil, "", errors.New("--config: the path is empty")
	}
	return environ, file, nil
}
