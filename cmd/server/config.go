package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rota/internal/printable"
	"rota/internal/settings"
)

// configCommand takes the flags of rota run, too.
func configCommand(flags *pflag.FlagSet) *cobra.Command {
	command := &cobra.Command{
		Use:   "config",
		Short: "Check, show or describe the settings",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("say what to do with the settings: rota config check, show or schema")}
		},
	}
	command.AddCommand(configCheckCommand(flags), configShowCommand(flags), configSchemaCommand())
	return command
}

func configCheckCommand(flags *pflag.FlagSet) *cobra.Command {
	command := &cobra.Command{
		Use:   "check [flags] [FILE] [-- command [argument]...]",
		Short: "Report every mistake in a settings file, the environment and the flags",
		Args:  atMostAFile,
		RunE: func(command *cobra.Command, args []string) error {
			program, err := takeFile(command, args)
			if err != nil {
				return err
			}
			environ, file, err := findFile(command.Flags())
			if err == nil {
				err = settings.Check(command.Flags(), environ, file, program)
			}
			if err != nil {
				return complain(command, err)
			}
			if file != "" {
				fmt.Fprintf(command.OutOrStdout(), "%s is fine\n", file)
			} else {
				fmt.Fprintln(command.OutOrStdout(), "the environment and the flags are fine; no settings file was named")
			}
			return nil
		},
	}
	shareFlags(command, flags)
	return command
}

func configShowCommand(flags *pflag.FlagSet) *cobra.Command {
	command := &cobra.Command{
		Use:   "show [flags] [FILE] [-- command [argument]...]",
		Short: "Print the settings in effect and where each comes from",
		Args:  atMostAFile,
	}
	asJSON := command.Flags().Bool("json", false, "print JSON instead of YAML")
	command.RunE = func(command *cobra.Command, args []string) error {
		program, err := takeFile(command, args)
		if err != nil {
			return err
		}
		environ, file, err := findFile(command.Flags())
		if err != nil {
			return usageError{err}
		}
		effective, err := settings.Explain(command.Flags(), environ, file, program)
		switch {
		case err != nil:
			return complain(command, err)
		case *asJSON:
			return showJSON(command.OutOrStdout(), effective)
		}
		return settings.WriteYAML(command.OutOrStdout(), effective)
	}
	shareFlags(command, flags)
	return command
}

func configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a settings file, for editors",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			schema, err := settings.Schema()
			if err != nil {
				return err
			}
			_, err = command.OutOrStdout().Write(schema)
			return err
		},
	}
}

func atMostAFile(command *cobra.Command, args []string) error {
	files, _, err := splitAtDash(command, args)
	if err == nil && len(files) > 1 {
		err = noArguments(command, files[1:])
	}
	return err
}

// takeFile sets --config to the file that was named as an argument, and returns the program after --.
func takeFile(command *cobra.Command, args []string) (program []string, err error) {
	files, program, err := splitAtDash(command, args)
	if err != nil || len(files) == 0 {
		return program, err
	}
	if command.Flags().Changed("config") {
		return nil, usageError{fmt.Errorf("the file is named twice, as %q and by --config", files[0])}
	}
	return program, command.Flags().Set("config", files[0])
}

// complain prints one mistake a line and nothing else, for editors and checks in continuous integration.
func complain(command *cobra.Command, err error) error {
	fmt.Fprintln(command.ErrOrStderr(), printable.Lines(err.Error()))
	return errComplained
}

// shown is one setting in JSON.
type shown struct {
	Value   any               `json:"value"`
	Source  string            `json:"source"`
	Sources map[string]string `json:"sources,omitempty"` // of each variable in env
}

func showJSON(w io.Writer, effective []settings.Effective) error {
	byKey := map[string]shown{}
	for _, e := range effective {
		one := shown{Value: e.Value, Source: e.Source}
		if len(e.Variables) > 0 {
			values := map[string]string{}
			one.Value, one.Sources = values, map[string]string{}
			for _, v := range e.Variables {
				values[v.Name], one.Sources[v.Name] = settings.Hidden, v.Source
			}
		}
		byKey[e.Key] = one
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(byKey)
}
