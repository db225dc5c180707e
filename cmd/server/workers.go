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
drains, which connections it waits for.

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
	return r.answer(answer.JSON, func(w io.Writer) { writeWorkers(w, answer.View.Workers, nil) })
}

func (r *remote) showWorker(ctx context.Context, name string) error {
	picked, err := r.pickWorker(ctx, name)
	if err != nil {
		return err
	}
	answer, err := r.Worker(ctx, picked.ID)
	if err != nil {
		return err
	}
	return r.answer(answer.JSON, func(w io.Writer) {
		writeWorkers(w, []client.Worker{answer.View}, nil)
		if waits := answer.View.WaitingFor; waits != nil {
			fmt.Fprintf(w, "\nit waits for %s\n", describeWait(*waits))
		}
		if exit := answer.View.Exit; exit != nil {
			fmt.Fprintf(w, "\nit ended at %s: %s\n", clock(answer.View.ExitedAt), describeExit(answer.View))
		}
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
				one.Slot, one.State, one.Generation, numberOr(one.PID), age(one.StartedAt), number(one.Connections),
				mebibytes(one.RSSBytes), cpuTime(one.CPUSeconds), one.Restarts, cell(one.Revision), one.ID)
		}
		for _, slot := range waiting {
			writeWaiting(out, slot)
		}
	})
}

// writeWaiting fills every column, or the workers below it would stand under other ones.
func writeWaiting(out io.Writer, slot client.Waiting) {
	fmt.Fprintf(out, "%d\twaiting\t-\t-\t-\t-\t-\t-\t-\t-\t%d deaths in a row, the last: %s\n", slot.Slot, slot.Deaths, describeExit(slot.Last))
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
