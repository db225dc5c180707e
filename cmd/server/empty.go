package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

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

const becauseEmpty = "is a variable not set? Leave it out if nothing is meant"

func blank(given string) bool { return strings.TrimSpace(given) == "" }

// givenOf is each value that a flag was given.
func givenOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(interface{ GetSlice() []string }); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}
