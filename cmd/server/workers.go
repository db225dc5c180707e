package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rota/internal/client"
)

func workersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "workers [flags] [WORKER]",
		Short: "List the workers, or show one and what it waits for",
		Long: `rota workers lists every worker that is not gone, by slot. With a WORKER it shows that one, and, if it
drains, which connections it waits for. Of a slot that waits for its next worker, because workers died, slot:N shows the last
one: how it ended, its last lines, and when the next try is.

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
	writeWorkers(r.out, answer.View.Workers, status.View.Waiting)
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
	worker := answer.View
	if vacant != nil {
		return r.answer(answer.JSON, func(w io.Writer) {
			writeWorkers(w, nil, []client.Waiting{*vacant})
			writeEnd(w, "its last worker, "+worker.ID+",", worker)
		})
	}
	var before client.Worker
	if afterCrash(worker, status.View) && !r.asJSON {
		if died, err := r.Worker(ctx, worker.Predecessor); err == nil { // else it is forgotten
			before = died.View
		}
	}
	return r.answer(answer.JSON, func(w io.Writer) {
		writeWorkers(w, []client.Worker{worker}, nil)
		if worker.Readiness != nil {
			fmt.Fprintf(w, "\nready, %s: %s\n", worker.Readiness.By, worker.Readiness.Detail)
		}
		if waits := worker.WaitingFor; waits != nil {
			fmt.Fprintf(w, "\nit waits for %s\n", describeWait(*waits))
		}
		writeEnd(w, "it", worker)
		writeEnd(w, "the worker before it, "+before.ID+",", before)
	})
}

// writeWorkers tells of slots in order; one that waits for a worker comes before its older workers.
func writeWorkers(w io.Writer, workers []client.Worker, waiting []client.Waiting) {
	table(w, func(out io.Writer) {
		fmt.Fprintln(out, "SLOT\tSTATE\tGENERATION\tPID\tUP\tCONNECTIONS\tMEMORY\tCPU\tRESTARTS\tREVISION\tID")
		for _, one := range workers {
			for len(waiting) > 0 && waiting[0].Slot <= one.Slot {
				writeWaiting(out, waiting[0])
				waiting = waiting[1:]
			}
			fmt.Fprintf(out, "%d\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
				one.Slot, workerState(one), one.Generation, numberOr(one.PID), age(one.StartedAt), number(one.Connections),
				mebibytes(one.RSSBytes), cpuTime(one.CPUSeconds), one.Restarts, cell(one.Revision), one.ID)
		}
		for _, slot := range waiting {
			writeWaiting(out, slot)
		}
	})
}

// workerState marks one that was not seen to be ready.
func workerState(w client.Worker) string {
	if w.State == "ready" && w.Readiness.Assumed() {
		return "ready (assumed)"
	}
	return w.State
}

// writeWaiting fills every column, or the workers below it would stand under other ones.
func writeWaiting(out io.Writer, slot client.Waiting) {
	fmt.Fprintf(out, "%d\twaiting\t-\t-\t-\t-\t-\t-\t-\t-\t%s\n", slot.Slot, describeVacancy(slot))
}

func describeExit(w client.Worker) string {
	switch {
	case w.Exit == nil:
		return "given up"
	case w.Exit.Error != "":
		return w.Exit.Error
	case w.Exit.Signal != "":
		return w.Exit.Signal
	}
	return "exit code " + number(w.Exit.Code)
}

// describeWait says what holds a worker that drains.
func describeWait(h client.WaitingFor) string {
	text := fmt.Sprintf("%s: %d active, %d idle, %d half-closed",
		plural(h.Connections, "connection", "connections"), h.Active, h.Idle, h.HalfClosed)
	if h.Oldest != nil && h.Oldest.IdleMS != nil {
		text += fmt.Sprintf("; quiet for longest: %s of %s, for %s", h.Oldest.ID, cell(h.Oldest.Remote), milliseconds(h.Oldest.IdleMS))
	}
	if len(h.Peers) > 0 {
		text += "; peers: " + strings.Join(h.Peers, ", ")
	}
	return text
}
