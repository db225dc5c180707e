package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rota/internal/words"

	"github.com/spf13/cobra"
)

func evictCommand() *cobra.Command {
	var connection string
	var idle time.Duration
	command := &cobra.Command{
		Use:   "evict [flags] WORKER --idle=30s | --connection ID",
		Short: "Close connections that a worker does not let go of",
		Long: `rota evict closes the connections of a worker that have been idle, or half-closed, for so long, or the one
connection with the given id, whoever holds it. Their clients see an orderly end. They are counted in the
receipt of the reload that the worker drains for.

` + namesWorker + ` rota connections lists the ids of connections.`,
		Example: `  rota evict slot:0 --idle=30s
  rota evict --connection 1f3a`,
		Args: between(0, 1, "it takes one worker, or none and --connection"),
	}
	flags := command.Flags()
	flags.StringVar(&connection, "connection", "", "close the connection with this `id`")
	flags.DurationVar(&idle, "idle", 0, "close those that are idle or half-closed for so long; 0s means all that are so now")
	command.RunE = talk(func(ctx context.Context, r *remote, args []string) error {
		timed := flags.Changed("idle")
		switch {
		case len(args) == 0 && connection != "" && !timed:
			return r.closeConnection(ctx, connection)
		case connection != "":
			return usageError{errors.New("--connection stands alone: without a worker and without --idle")}
		case len(args) == 0:
			return usageError{errors.New("say which: a worker and --idle, as in rota evict slot:0 --idle=30s, or --connection")}
		case !timed:
			return usageError{errors.New("say for how long they have to be idle, as in --idle=30s; --idle=0s means all that are idle now")}
		}
		return r.evict(ctx, args[0], idle)
	})
	return command
}

func (r *remote) closeConnection(ctx context.Context, id string) error {
	answer, err := r.CloseConnection(ctx, id)
	if err != nil {
		return err
	}
	return r.answer(answer.JSON, func(w io.Writer) {
		c := answer.View.Connection
		fmt.Fprintf(w, "connection %s of %s closed (%s)\n", c.ID, words.Nullable(c.Remote), answer.View.How)
	})
}

func (r *remote) evict(ctx context.Context, name string, idle time.Duration) error {
	worker, err := r.pickWorker(ctx, name)
	if err != nil {
		return err
	}
	answer, err := r.Evict(ctx, worker.ID, idle)
	if err != nil {
		return err
	}
	evicted := answer.View
	err = r.answer(answer.JSON, func(w io.Writer) {
		fmt.Fprintf(w, "%s of worker %s closed\n", words.Plural(evicted.Evicted, "connection", "connections"), worker.ID)
	})
	for _, failed := range evicted.Failed {
		fmt.Fprintf(r.say, "rota: connection %s is still open: %s\n", failed.ID, failed.Error)
	}
	if err == nil && len(evicted.Failed) > 0 {
		return fmt.Errorf("%s could not be closed", words.Plural(len(evicted.Failed), "connection", "connections"))
	}
	return err
}
