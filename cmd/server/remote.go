package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rota/internal/client"
	"rota/internal/printable"
	"rota/internal/settings"
)

// remote is a running master, and where its answers go.
type remote struct {
	*client.Client
	out    io.Writer // data
	say    io.Writer // messages
	asJSON bool
}

// remoteFlags are the flags of every command that talks to a master.
func remoteFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	settings.RegisterAdmin(flags)
	flags.String("config", "", "YAML `file` with settings, for the address of the admin API; $ROTA_CONFIG names it, too")
	flags.Bool("json", false, "print the API's JSON")
	return flags
}

// remoteCommands are the commands that talk to a running master.
func remoteCommands() []*cobra.Command {
	flags := remoteFlags()
	list := []*cobra.Command{
		statusCommand(), reloadCommand(), abortCommand(), pauseCommand(), resumeCommand(), promoteCommand(), canaryAddressCommand(),
		scaleCommand(),
		workersCommand(), rotateCommand(), connectionsCommand(), evictCommand(), logsCommand(), eventsCommand(), historyCommand(),
	}
	for _, command := range list {
		command.GroupID = remoteGroup
		shareFlags(command, flags)
	}
	return list
}

// remoteGroup is their group in the help.
const remoteGroup = "remote"

// talk turns a function that asks a master into one that cobra calls.
func talk(ask func(ctx context.Context, r *remote, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		r, err := reach(command)
		if err != nil {
			return usageError{err}
		}
		defer r.Close()
		return ask(context.Background(), r, args)
	}
}

func reach(command *cobra.Command) (*remote, error) {
	flags := command.Flags()
	environ, file, err := findFile(flags)
	if err != nil {
		return nil, err
	}
	address, err := settings.Admin(flags, environ, file)
	if err != nil {
		return nil, err
	}
	c, err := client.New(address)
	if err != nil {
		return nil, err
	}
	asJSON, err := flags.GetBool("json")
	return &remote{Client: c, out: command.OutOrStdout(), say: command.ErrOrStderr(), asJSON: asJSON}, err
}

// printJSON prints a document of the API in one line. It escapes characters that would control a terminal.
func (r *remote) printJSON(document []byte) error {
	_, err := fmt.Fprintf(r.out, "%s\n", printable.JSON(document))
	return err
}

// answer prints the document if JSON is wanted, and otherwise what write writes.
func (r *remote) answer(document []byte, write func(io.Writer)) error {
	if r.asJSON {
		return r.printJSON(document)
	}
	write(r.out)
	return nil
}
