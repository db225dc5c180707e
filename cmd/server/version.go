package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by whoever builds rota from a tree without git. Otherwise the Go tool records tag and
// commit.
var version = ""

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		Run: func(command *cobra.Command, _ []string) {
			fmt.Fprintf(command.OutOrStdout(), "rota %s %s %s/%s", currentVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if commit := buildSetting("vcs.revision"); commit != "" {
				fmt.Fprintf(command.OutOrStdout(), " commit %s", commit)
			}
			fmt.Fprintln(command.OutOrStdout())
		},
	}
}

// currentVersion is a tag, or a pseudo-version that ends in the commit; "+dirty" says that files were
// changed.
func currentVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// buildSetting is what the Go tool recorded under this key, or "".
func buildSetting(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == key {
				return setting.Value
			}
		}
	}
	return ""
}
