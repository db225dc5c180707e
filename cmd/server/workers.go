package main

import (
	"context"
	"fmt"
	"io"

	"rota/internal/view"
	"rota/internal/words"

	"github.com/spf13/cobra"
)

func workersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "workers [flags] [WORKER]",
		Short: "List the workers, or show one and what it waits for",
		Long: `rota workers lists every worker that is not gone, by slot. With a WORKER it shows that one and, if it drains, which
connections it waits for. If a slot waits for its next worker, because workers died, slot:N shows the last one: how it
ended, what it printed last, and when the next one starts.

` + namesWorker,
		Example: `  rota workers
  rota workers slot:2
  rota workers --json | jq -r '.workers[].pid'`,
		Args: between(0, 1, "it takes one worker at most"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			if len(args) == 0 {
				return r.listWorkers(ctx)
			}
			return r.showWorker(ctx, args[0])
		}),
	}
}

func (r *remote) listWorkers(ctx context.Context) error {
	answer, err := r.Workers(ctx)
	if err != nil {
		return err
	}
	if r.asJSON {
		return r.printJSON(answer.JSON)
	}
	status, err := r.Status(ctx)
	if err != nil {
		return err
	}
	words.Workers(r.out, status.View, answer.View.Workers)
	return nil
}

func (r *remote) showWorker(ctx context.Context, name string) error {
	status, err := r.Status(ctx)
	if err != nil {
		return err
	}
	picked, vacant, err := r.pickToShow(ctx, name, status.View)
	if err != nil {
		return err
	}
	answer, err := r.Worker(ctx, picked.ID)
	if err != nil {
		return err
	}
	worker, now := answer.View, status.View
	if vacant != nil {
		now.Waiting = []view.WaitingSlot{*vacant}
		return r.answer(answer.JSON, func(w io.Writer) {
			words.Workers(w, now, nil)
			writeEnd(w, "its last worker, "+worker.ID+",", worker)
		})
	}
	var before view.Worker
	if afterCrash(worker.WorkerCore, status.View) && !r.asJSON {
		if died, err := r.Worker(ctx, *worker.Predecessor); err == nil { // else the master has forgotten it
			before = died.View
		}
	}
	now.Waiting = nil
	return r.answer(answer.JSON, func(w io.Writer) {
		words.Workers(w, now, []view.Worker{worker})
		if worker.Readiness != nil {
			fmt.Fprintf(w, "\nready, %s: %s\n", worker.Readiness.By, worker.Readiness.Detail)
		}
		if waits := worker.WaitingFor; waits != nil {
			fmt.Fprintf(w, "\nit waits for %s\n", words.Holding(*waits))
		}
		writeEnd(w, "it", worker)
		writeEnd(w, "the worker before it, "+before.ID+",", before)
	})
}
