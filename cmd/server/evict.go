package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"rota/internal/record"
	"rota/internal/words"
)

func evictCommand() *cobra.Command {
	var connection string
	var idle time.Duration
	command := &cobra.Command{
		Use:   "evict [flags] WORKER --idle=30s | --connection ID",
		Short: "Close idle connections of a worker, or one connection",
		Long: `rota evict closes the connections of a worker that have been idle or half-closed for a given time, or the one
connection with a given id, whichever worker holds it. The clients see an orderly end. The receipt of the reload
that the worker drains for counts the connections.

` + namesWorker + ` rota connections lists the ids of connections.`,
		Example: `  rota evict slot:0 --idle=30s
  rota evict --connection 1f3a`,
		Args: between(0, 1, "it takes one worker, or none and --connection"),
	}
	flags := command.Flags()
	flags.StringVar(&connection, "connection", "", "close the connection with this `id`")
	flags.DurationVar(&idle, "idle", 0, "close connections that have been idle or half-closed for so long; 0s means all that are now")
	command.RunE = talk(func(ctx context.Context, r *remote, args []string) error {
		timed := flags.Changed("idle")
		switch {
		case len(args) == 0 && connection != "" && !timed:
			return r.closeConnection(ctx, connection)
		case connection != "":
			return usageError{errors.New("--connection stands alone: without a worker and without --idle")}
		case len(args) == 0:
			return usageError{errors.New("name a worker and --idle, as in rota evict slot:0 --idle=30s, or a --connection")}
		case !timed:
			return usageError{errors.New("say how long connections must have been idle, as in --idle=30s; --idle=0s means all that are idle now")}
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
		fmt.Fprintf(w, "%s of worker %s closed\n", record.Plural(evicted.Evicted, "connection", "connections"), worker.ID)
	})
	for _, failed := range evicted.Failed {
		fmt.Fprintf(r.say, "rota: connection %s is still open: %s\n", failed.ID, failed.Error)
	}
	if err == nil && len(evicted.Failed) > 0 {
		return fmt.Errorf("%s could not be closed", record.Plural(len(evicted.Failed), "connection", "connections"))
	}
	return err
}
