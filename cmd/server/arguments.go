package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// onlyACommand allows no arguments but the workers' program after --.
func onlyACommand(command *cobra.Command, args []string) error {
	args, _, err := splitAtDash(command, args)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command or argument %q; a program goes after --, as in: rota -- %s", args[0], strings.Join(args, " "))}
	}
	return nil
}

// splitAtDash separates a command's arguments from the program after --, if there is one.
func splitAtDash(command *cobra.Command, args []string) (before, program []string, err error) {
	n := command.ArgsLenAtDash()
	if n < 0 {
		return args, nil, nil
	}
	if n == len(args) {
		return nil, nil, usageError{errors.New("the command after -- is missing")}
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

// exactly allows n arguments; what is the complaint about any other number.
func exactly(n int, what string) cobra.PositionalArgs {
	return between(n, n, what)
}

func between(low, high int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return usageError{fmt.Errorf("%d arguments were given; %s", len(args), what)}
		}
		if slices.ContainsFunc(args, blank) {
			return usageError{errors.New("an argument is empty: " + becauseEmpty)}
		}
		return nil
	}
}

func blank(given string) bool { return strings.TrimSpace(given) == "" }

const becauseEmpty = "is a variable not set? Leave it out if nothing is meant"
