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

// What is known of a slot whose workers die: the words of the last one, and when the next is started.

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

// pickToShow finds the worker that is meant, to look at: of a slot that waits for its next one it is the one that died last.
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

// afterCrash reports whether the words of the worker before it say more: it starts, or is the next of a crash loop.
func afterCrash(w view.WorkerCore, status view.Status) bool {
	again := w.State == "ready" && slices.Contains(status.CrashLooping, w.Slot)
	return w.Predecessor != nil && (w.State == "starting" || again)
}

// withDead adds those whose words tell why there is none in their slot, or why another had to start there.
func withDead(workers []view.Worker, waiting []view.WaitingSlot, status view.Status) []view.Worker {
	list := slices.Clone(workers)
	add := func(dead view.WorkerCore) {
		if !slices.ContainsFunc(list, func(w view.Worker) bool { return w.ID == dead.ID }) { // one that was given up may not be gone yet
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

// lastLines is what is left of the words of a worker that is gone when its log is not kept any more.
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

// tellVacancies says which slots have no worker, beside the words of their last ones.
func (l *logs) tellVacancies(waiting []view.WaitingSlot, now time.Time) {
	for _, slot := range waiting {
		fmt.Fprintf(l.say, "rota: slot %d waits for its next worker: %s\n", slot.Slot, words.Vacancy(slot, now))
	}
}

// writeEnd tells how a worker ended, and its last words. Of one that is not gone there are none.
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
