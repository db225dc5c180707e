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
	say    io.Writer // messages to whoever watches
	asJSON bool
}

// remoteFlags are those of every command that talks to a master. They are made once, since every
// worker that starts makes them too.
func remoteFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	settings.RegisterAdmin(flags)
	flags.String("config", "", "YAML `file` with settings, for where the admin API is; $ROTA_CONFIG names it too")
	flags.Bool("json", false, "print the API's JSON")
	return flags
}

// remoteCommands are those that talk to a running master.
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

// remoteGroup is where they stand in the help.
const remoteGroup = "remote"

// talk makes of a function that asks a master the one that cobra calls.
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

// printJSON prints one document in a line, as the API has it but for characters that a terminal would obey.
func (r *remote) printJSON(document []byte) error {
	_, err := fmt.Fprintf(r.out, "%s\n", printable.JSON(document))
	return err
}

// answer prints the document if JSON is wanted, else what the function writes.
func (r *remote) answer(document []byte, write func(io.Writer)) error {
	if r.asJSON {
		return r.printJSON(document)
	}
	write(r.out)
	return nil
}
