package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"rota/internal/client"
	"rota/internal/printable"
	"rota/internal/view"
)

func logsCommand() *cobra.Command {
	var l logs
	command := &cobra.Command{
		Use:   "logs [flags] [WORKER]",
		Short: "Show what workers print",
		Long: `rota logs shows the last lines that a worker printed, or those of all workers, with the slot in front of each line.
With -f it also prints each new line: of one worker until it is gone, of all workers, including new ones, until
Ctrl-C.

With --json it prints what GET /workers/{id}/logs answers, one worker a line. With -f it prints the data of each
event; for all workers it adds worker_id and slot.

` + namesWorker,
		Example: `  rota logs -f
  rota logs --tail 20 slot:0`,
		Args: between(0, 1, "it takes one worker at most"),
		RunE: talk(func(ctx context.Context, r *remote, args []string) error {
			if l.tail < -1 {
				return usageError{fmt.Errorf("--tail: %d is less than 0", l.tail)}
			}
			l.remote, l.clean = r, onTerminal(r.out)
			return l.show(ctx, args)
		}),
	}
	command.Flags().BoolVarP(&l.follow, "follow", "f", false, "also print new lines")
	command.Flags().IntVar(&l.tail, "tail", -1, "begin with this `number` of last lines of each worker (default: all that are kept, at most 200)")
	return command
}

// logs says which output of the workers to print.
type logs struct {
	*remote
	follow bool
	tail   int  // -1: all
	clean  bool // escape what would control a terminal

	writing sync.Mutex // several workers print at once
}

func (l *logs) show(ctx context.Context, args []string) error {
	answer, err := l.Status(ctx) // also to check that this is rota: a stream may be silent for long
	if err != nil {
		return err
	}
	if len(args) == 1 {
		return l.showOne(ctx, args[0], answer.View)
	}
	workers, err := l.Workers(ctx)
	if err != nil {
		return err
	}
	list := withDead(workers.View.Workers, answer.View.Waiting, answer.View)
	if l.follow {
		return l.followAll(ctx, list)
	}
	defer l.tellVacancies(answer.View.Waiting, answer.View.Now())
	return l.showAll(ctx, list, true)
}

func (l *logs) showOne(ctx context.Context, name string, status view.Status) error {
	worker, vacant, err := l.pickToShow(ctx, name, status)
	if err != nil {
		return err
	}
	if vacant != nil {
		defer l.tellVacancies([]view.WaitingSlot{*vacant}, status.Now())
	}
	if l.follow {
		return l.followOne(ctx, worker, false, l.tellBroken)
	}
	return l.showAll(ctx, withDead([]view.Worker{worker}, nil, status), false)
}

// showAll merges the workers' lines by time.
func (l *logs) showAll(ctx context.Context, workers []view.Worker, prefix bool) error {
	type line struct {
		slot int
		view.LogLine
	}
	var lines []line
	for _, w := range workers {
		printed, err := l.linesOf(ctx, w)
		if err != nil {
			return err
		}
		for _, one := range printed {
			lines = append(lines, line{w.Slot, one})
		}
	}
	if l.asJSON {
		return nil
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.Time.UnixNano(), b.Time.UnixNano()) })
	for _, one := range lines {
		if err := l.print(one.slot, prefix, one.Text); err != nil {
			return err
		}
	}
	if len(lines) == 0 && l.tail != 0 {
		fmt.Fprintln(l.say, "rota: no worker has printed anything to standard output or standard error yet; rota's own messages are in its own log")
	}
	return nil
}

// linesOf gets what a worker printed. It prints the JSON if that is wanted.
func (l *logs) linesOf(ctx context.Context, w view.Worker) ([]view.LogLine, error) {
	log, err := l.Log(ctx, w.ID, l.tail)
	if w.State == "exited" && errors.As(err, new(*client.Problem)) {
		return lastLines(w), nil // its log is no longer kept
	}
	if err != nil {
		return nil, err
	}
	if l.asJSON {
		if err := l.printJSON(log.JSON); err != nil {
			return nil, err
		}
	}
	var printed view.WorkerLog
	err = l.read(log.JSON, &printed)
	return printed.Lines, err
}

// read decodes JSON. The text stays as the worker printed it, unless it goes to a terminal.
func (l *logs) read(document []byte, view any) error {
	if l.clean {
		document = printable.Strings(document)
	}
	return json.Unmarshal(document, view)
}

func (l *logs) print(slot int, prefix bool, text string) error {
	front := ""
	if prefix {
		front = fmt.Sprintf("%d | ", slot)
	}
	_, err := fmt.Fprintf(l.out, "%s%s\n", front, text)
	return err
}
