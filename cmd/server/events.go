package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"rota/internal/client"
	"rota/internal/sse"
	"rota/internal/words"
)

func eventsCommand() *cobra.Command {
	var after uint64
	command := &cobra.Command{
		Use:   "events [flags]",
		Short: "Follow events: workers, reloads, changes of the pool size",
		Long: `rota events prints a line for each event, until Ctrl-C. When the connection breaks, it continues where it broke
off. With --json each line is an event as GET /events sends it.`,
		Example: `  rota events
  rota events --after 0 --json | jq 'select(.type == "worker.exited")'`,
		Args: noArguments,
	}
	flags := command.Flags()
	flags.Uint64Var(&after, "after", 0, "begin after the event with this `number`; 0 means with the oldest that is kept (default: from now on)")
	command.RunE = talk(func(ctx context.Context, r *remote, _ []string) error {
		var from *uint64
		if flags.Changed("after") {
			from = &after
		}
		if _, err := r.Status(ctx); err != nil { // to check that this is rota: a stream may be silent for long
			return err
		}
		return r.Events(ctx, from, r.printEvent, r.tellBroken)
	})
	return command
}

// tellBroken says why no events come.
func (r *remote) tellBroken(err error) {
	fmt.Fprintf(r.say, "rota: the stream broke off; opening it again: %v\n", err)
}

func (r *remote) printEvent(m sse.Message) error {
	if r.asJSON {
		return r.printJSON(m.Data)
	}
	e, err := client.EventOf(m)
	if err != nil {
		return err
	}
	if m.ID == "" { // events.lost
		fmt.Fprintln(r.say, "rota:", e.Message)
		return nil
	}
	_, err = fmt.Fprintf(r.out, "%s  %d  %-16s  %s\n", words.Clock(e.Time.Time), e.Seq, e.Type, e.Message)
	return err
}
