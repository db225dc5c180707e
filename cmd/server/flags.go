package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shareFlags gives a command the flags of another, in their order.
func shareFlags(command *cobra.Command, flags *pflag.FlagSet) {
	command.Flags().SortFlags = false
	command.Flags().AddFlagSet(flags)
}

// mistaken turns an error in the flags into a usage error.
func mistaken(_ *cobra.Command, err error) error { return usageError{err} }

// refuseEmpty refuses a flag whose value is empty or blank. Most likely a shell variable was not set, as in
// --follow "$id".
func refuseEmpty(command *cobra.Command, _ []string) error {
	var empty []error
	command.Flags().Visit(func(f *pflag.Flag) {
		if slices.ContainsFunc(givenOf(f), blank) {
			empty = append(empty, fmt.Errorf("--%s is empty: %s", f.Name, becauseEmpty))
		}
	})
	if len(empty) > 0 {
		return usageError{errors.Join(empty...)}
	}
	return nil
}

// givenOf returns each value that a flag was given.
func givenOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(interface{ GetSlice() []string }); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}
