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
)

func logsCommand() *cobra.Command {
	var l logs
	command := &cobra.Command{
		Use:   "logs [flags] [WORKER]",
		Short: "Show what workers print",
		Long: `rota logs shows the lines that a worker printed last, or all workers, with the slot in front of each line. With -f it
goes on with each line as it is printed: of one worker until that is gone, of all, and of those that come, until Ctrl-C.

With --json it prints what GET /workers/{id}/logs answers, one worker a line; with -f each event's data, and of all workers
with worker_id and slot added.

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
	command.Flags().BoolVarP(&l.follow, "follow", "f", false, "go on with what is printed from now on")
	command.Flags().IntVar(&l.tail, "tail", -1, "begin with this `number` of the last lines of each worker (not given: all that are kept, at most 200)")
	return command
}

// logs is what is wanted of the workers' output.
type logs struct {
	*remote
	follow bool
	tail   int  // -1: all
	clean  bool // what a worker printed must not move a terminal's cursor

	writing sync.Mutex // several workers print at once
}

func (l *logs) show(ctx context.Context, args []string) error {
	if len(args) == 1 {
		worker, err := l.pickWorker(ctx, args[0])
		if err != nil {
			return err
		}
		if l.follow {
			if _, err := l.Status(ctx); err != nil { // who it is: a stream may say nothing for long
				return err
			}
			return l.followOne(ctx, worker, false, l.tellBroken)
		}
		return l.showAll(ctx, []client.Worker{worker}, false)
	}
	answer, err := l.Workers(ctx)
	if err != nil {
		return err
	}
	if l.follow {
		return l.followAll(ctx, answer.View.Workers)
	}
	return l.showAll(ctx, answer.View.Workers, true)
}

// showAll mixes the workers' lines by their time.
func (l *logs) showAll(ctx context.Context, workers []client.Worker, prefix bool) error {
	type line struct {
		slot int
		client.LogLine
	}
	var lines []line
	for _, w := range workers {
		log, err := l.Log(ctx, w.ID, l.tail)
		if err != nil {
			return err
		}
		if l.asJSON {
			if err := l.printJSON(log.JSON); err != nil {
				return err
			}
		}
		var printed client.WorkerLog
		if err := l.read(log.JSON, &printed); err != nil {
			return err
		}
		for _, one := range printed.Lines {
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
	return nil
}

// read makes a view of JSON: of what a worker printed, as it printed it, unless somebody looks at it.
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

func (l *logs) followOne(ctx context.Context, worker client.Worker, prefix bool, broke func(error)) error {
	return l.FollowLog(ctx, worker.ID, l.tail, func(m client.Message) error {
		l.writing.Lock()
		defer l.writing.Unlock()
		switch {
		case l.asJSON && prefix:
			return l.printWithWorker(worker, m.Data)
		case l.asJSON:
			return l.printJSON(m.Data)
		case m.Name == "log.line":
			var line client.LogLine
			if err := l.read(m.Data, &line); err != nil {
				return fmt.Errorf("a line can't be read: %w", err)
			}
			return l.print(worker.Slot, prefix, line.Text)
		case m.Name == "log.end":
			fmt.Fprintf(l.say, "rota: worker %s is gone\n", worker.ID)
		default:
			fmt.Fprintf(l.say, "rota: lines of worker %s are missing here\n", worker.ID)
		}
		return nil
	}, broke)
}

// printWithWorker adds to the data of an event whose it is.
func (l *logs) printWithWorker(worker client.Worker, data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return fmt.Errorf("an event can't be read: %w", err)
	}
	members["worker_id"], _ = json.Marshal(worker.ID)
	members["slot"], _ = json.Marshal(worker.Slot)
	return l.encode(members)
}

// followAll follows the workers that there are and those that come. It ends with the
// stream of events, which says who comes.
func (l *logs) followAll(ctx context.Context, workers []client.Worker) error {
	ctx, stop := context.WithCancelCause(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop(nil)

	known := map[string]bool{}
	begin := func(w client.Worker) {
		if known[w.ID] {
			return
		}
		known[w.ID] = true
		readers.Go(func() {
			err := l.followOne(ctx, w, true, nil) // the stream of events breaks, too
			switch {
			case err == nil || ctx.Err() != nil:
			case errors.As(err, new(*client.Problem)): // as of one whose log is not kept any more
				l.complain(w, err)
			default:
				stop(err)
			}
		})
	}
	for _, w := range workers {
		begin(w)
	}
	return l.Events(ctx, nil, func(m client.Message) error {
		e, err := client.EventOf(m)
		if err == nil && e.Worker != nil && e.Worker.State != "exited" { // one that started before this stream did becomes ready
			begin(*e.Worker)
		}
		return err
	}, func(err error) {
		l.writing.Lock()
		defer l.writing.Unlock()
		l.tellBroken(err)
	})
}

func (l *logs) complain(w client.Worker, err error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	fmt.Fprintf(l.say, "rota: worker %s in slot %d: %v\n", w.ID, w.Slot, err)
}
