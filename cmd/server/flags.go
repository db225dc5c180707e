package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shareFlags gives a command the flags of another, in their order. They are made once, since every
// worker that starts makes them too.
func shareFlags(command *cobra.Command, flags *pflag.FlagSet) {
	command.Flags().SortFlags = false
	command.Flags().AddFlagSet(flags)
}

// mistaken makes an error in the flags one of usage.
func mistaken(_ *cobra.Command, err error) error { return usageError{err} }

// refuseEmpty stops a command of which a flag was given without a value, or with nothing but space: more likely a variable
// that is not set than somebody's wish, as in --follow "$id".
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

// givenOf is each value that a flag was given.
func givenOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(interface{ GetSlice() []string }); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}
