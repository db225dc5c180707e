package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"rota/internal/view"
	"rota/internal/words"
)

// slotOf reads slot:N.
func slotOf(name string) (slot int, ok bool, err error) {
	number, ok := strings.CutPrefix(name, "slot:")
	if !ok {
		return 0, false, nil
	}
	if slot, err = strconv.Atoi(number); err != nil {
		return 0, true, usageError{fmt.Errorf("%q: slot: takes a number, such as slot:0", name)}
	}
	return slot, true, nil
}

// pickToShow finds the worker to show. For a slot that waits for its next worker that is the one that died
// last.
func (r *remote) pickToShow(ctx context.Context, name string, status view.Status) (view.Worker, *view.WaitingSlot, error) {
	slot, bySlot, err := slotOf(name)
	if err != nil {
		return view.Worker{}, nil, err
	}
	for i := range status.Waiting {
		if waits := &status.Waiting[i]; bySlot && waits.Slot == slot {
			return view.Worker{WorkerCore: waits.Last}, waits, nil
		}
	}
	worker, err := r.pickWorker(ctx, name)
	return worker, nil, err
}

// afterCrash reports whether the output of the worker before it says more: this one starts, or is in a crash
// loop.
func afterCrash(w view.WorkerCore, status view.Status) bool {
	again := w.State == "ready" && slices.Contains(status.CrashLooping, w.Slot)
	return w.Predecessor != nil && (w.State == "starting" || again)
}

// withDead adds the dead workers whose output says why their slot has no worker, or has a new one.
func withDead(workers []view.Worker, waiting []view.WaitingSlot, status view.Status) []view.Worker {
	list := slices.Clone(workers)
	add := func(dead view.WorkerCore) {
		// A worker that was given up may be in the list already, because it is not gone yet.
		if !slices.ContainsFunc(list, func(w view.Worker) bool { return w.ID == dead.ID }) {
			list = append(list, view.Worker{WorkerCore: dead})
		}
	}
	for _, slot := range waiting {
		add(slot.Last)
	}
	for _, w := range workers {
		if afterCrash(w.WorkerCore, status) {
			add(view.WorkerCore{ID: *w.Predecessor, Slot: w.Slot, State: "exited"})
		}
	}
	return list
}

// lastLines is what is left of a worker's output when its log is no longer kept.
func lastLines(dead view.Worker) []view.LogLine {
	if dead.Exit == nil {
		return nil
	}
	lines := make([]view.LogLine, len(dead.Exit.Output))
	for i, text := range dead.Exit.Output {
		lines[i] = view.LogLine{Time: dead.ExitedAt, Text: text}
	}
	return lines
}

// tellVacancies says which slots have no worker.
func (l *logs) tellVacancies(waiting []view.WaitingSlot, now time.Time) {
	for _, slot := range waiting {
		fmt.Fprintf(l.say, "rota: slot %d waits for its next worker: %s\n", slot.Slot, words.Vacancy(slot, now))
	}
}

// writeEnd says how a worker ended and what it printed last, if it is gone.
func writeEnd(w io.Writer, who string, worker view.Worker) {
	if worker.Exit == nil {
		return
	}
	fmt.Fprintf(w, "\n%s ended at %s: %s\n", who, words.Clock(worker.ExitedAt.Time), words.Exit(worker.WorkerCore))
	if len(worker.Exit.Output) > 0 {
		fmt.Fprintln(w, "its last lines:")
	}
	for _, line := range worker.Exit.Output {
		fmt.Fprintln(w, "  "+line)
	}
}
