//go:build manual

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// With the build tag "manual" this main stands in for rota's own: it writes the man pages and the shell
// completions below the directory that is its argument. So the program that every worker is does without what
// makes man pages.
func main() {
	if err := writeManual(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// writeManual lays everything out as it is below share in a prefix.
func writeManual(share string) error {
	root := rootCommand()
	pages, err := makeDirectory(share, "man", "man1")
	if err != nil {
		return err
	}
	each(root, describe)
	each(root, hideFlags)
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, header(), pages); err != nil {
		return err
	}
	for _, c := range []struct {
		directory, name string
		write           func(path string) error
	}{
		{"bash-completion/completions", "rota", func(path string) error { return root.GenBashCompletionFileV2(path, true) }},
		{"zsh/site-functions", "_rota", root.GenZshCompletionFile},
		{"fish/vendor_completions.d", "rota.fish", func(path string) error { return root.GenFishCompletionFile(path, true) }},
	} {
		directory, err := makeDirectory(share, c.directory)
		if err != nil {
			return err
		}
		if err := c.write(filepath.Join(directory, c.name)); err != nil {
			return err
		}
	}
	return nil
}

func makeDirectory(path ...string) (string, error) {
	directory := filepath.Join(path...)
	return directory, os.MkdirAll(directory, 0o755)
}

// header dates the pages by the commit, so that building it again makes the same ones.
func header() *doc.GenManHeader {
	h := &doc.GenManHeader{Section: "1", Source: "rota " + currentVersion(), Manual: "User Commands"}
	if date, err := time.Parse(time.RFC3339, buildSetting("vcs.time")); err == nil {
		h.Date = &date
	}
	return h
}

// each does something with a command and with all below it.
func each(command *cobra.Command, do func(*cobra.Command)) {
	do(command)
	for _, c := range command.Commands() {
		each(c, do)
	}
}

// describe ends the description with the options, worded as the help words them: cobra/doc would print the
// zero value of each.
func describe(command *cobra.Command) {
	command.InitDefaultHelpFlag()
	if !strings.Contains(command.Use, "[flags]") {
		command.Use += " [flags]"
	}
	if command.Long == "" {
		command.Long = command.Short
	}
	command.Long = tabulated(command.Long) + "\n\n# OPTIONS\n" + options(command.LocalFlags())
}

func hideFlags(command *cobra.Command) {
	command.LocalFlags().VisitAll(func(flag *pflag.Flag) { flag.Hidden = true })
}

// tabulated makes a definition list of indented lines, such as those of exit codes. Markdown would run them
// together.
func tabulated(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if row, ok := strings.CutPrefix(line, "  "); ok {
			term, meaning, _ := strings.Cut(row, " ")
			line = fmt.Sprintf("\n**%s**\n: %s\n", term, strings.TrimSpace(meaning))
		}
		b.WriteString(line)
	}
	return b.String()
}

// options is a definition list.
func options(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(flag *pflag.Flag) {
		alone := pflag.NewFlagSet("", pflag.ContinueOnError)
		alone.AddFlag(flag)
		term, usage, _ := strings.Cut(strings.TrimSpace(alone.FlagUsages()), "   ")
		name, value, _ := strings.Cut(term, " ")
		if flag.Shorthand != "" {
			name, value = term, ""
		}
		fmt.Fprintf(&b, "\n**%s** %s\n: %s\n", name, value, usage)
	})
	return b.String()
}
