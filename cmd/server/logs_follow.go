package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"rota/internal/client"
	"rota/internal/sse"
	"rota/internal/view"
)

func (l *logs) followOne(ctx context.Context, worker view.Worker, prefix bool, broke func(error)) error {
	return l.FollowLog(ctx, worker.ID, l.tail, func(m sse.Message) error {
		l.writing.Lock()
		defer l.writing.Unlock()
		switch {
		case l.asJSON && prefix:
			return l.printWithWorker(worker, m.Data)
		case l.asJSON:
			return l.printJSON(m.Data)
		case m.Name == "log.line":
			var line view.LogLine
			if err := l.read(m.Data, &line); err != nil {
				return fmt.Errorf("cannot read a line: %w", err)
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

// printWithWorker adds the worker to the data of an event.
func (l *logs) printWithWorker(worker view.Worker, data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return fmt.Errorf("cannot read an event: %w", err)
	}
	members["worker_id"], _ = json.Marshal(worker.ID)
	members["slot"], _ = json.Marshal(worker.Slot)
	return l.encode(members)
}

// followAll follows all workers, including new ones, which the stream of events announces. It ends with that
// stream.
func (l *logs) followAll(ctx context.Context, workers []view.Worker) error {
	ctx, stop := context.WithCancelCause(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop(nil)

	known := map[string]bool{}
	begin := func(w view.Worker) {
		if known[w.ID] {
			return
		}
		known[w.ID] = true
		readers.Go(func() {
			err := l.followOne(ctx, w, true, nil) // a break is reported once, by the stream of events
			switch {
			case err == nil || ctx.Err() != nil:
			case errors.As(err, new(*client.Problem)): // for example, the log is no longer kept
				l.complain(w, err)
			default:
				stop(err)
			}
		})
	}
	for _, w := range workers {
		begin(w)
	}
	return l.Events(ctx, nil, func(m sse.Message) error {
		e, err := client.EventOf(m)
		if err == nil && e.Worker != nil && e.Worker.State != "exited" { // also ready: the worker may have started before this stream
			begin(view.Worker{WorkerCore: *e.Worker})
		}
		return err
	}, func(err error) {
		l.writing.Lock()
		defer l.writing.Unlock()
		l.tellBroken(err)
	})
}

func (l *logs) complain(w view.Worker, err error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	fmt.Fprintf(l.say, "rota: worker %s in slot %d: %v\n", w.ID, w.Slot, err)
}
