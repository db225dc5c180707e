package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rota/internal/view"

	"github.com/google/uuid"
)

// namesWorker is the part of the help about naming a worker.
const namesWorker = `WORKER is a worker's id, the beginning or end of one, or slot:N for the one in that slot.`

// pickWorker finds the worker of that name. A whole id is not looked up: the worker may be gone.
func (r *remote) pickWorker(ctx context.Context, name string) (view.Worker, error) {
	if _, err := uuid.Parse(name); err == nil {
		return view.Worker{WorkerCore: view.WorkerCore{ID: strings.ToLower(name), Slot: -1}}, nil
	}
	slot, bySlot, err := slotOf(name)
	if err != nil {
		return view.Worker{}, err
	}
	answer, err := r.Workers(ctx)
	if err != nil {
		return view.Worker{}, err
	}
	if bySlot {
		return inSlot(answer.View.Workers, slot)
	}
	var found []view.Worker
	for _, w := range answer.View.Workers {
		if abbreviates(name, w.ID) {
			found = append(found, w)
		}
	}
	if err := exactlyOne(name, "worker", len(found), "rota workers"); err != nil {
		return view.Worker{}, err
	}
	return found[0], nil
}

// inSlot prefers the current worker of the slot to those that drain.
func inSlot(workers []view.Worker, slot int) (found view.Worker, err error) {
	rank := map[string]int{"draining": 1, "starting": 2, "ready": 3}
	best := 0
	for _, w := range workers {
		if w.Slot == slot && rank[w.State] > best {
			found, best = w, rank[w.State]
		}
	}
	if best == 0 {
		return found, fmt.Errorf("no worker is in slot %d; rota workers lists them", slot)
	}
	return found, nil
}

// pickReload finds the reload of that name; without a name it is the one under way.
func (r *remote) pickReload(ctx context.Context, args []string) (string, error) {
	if len(args) == 0 {
		return r.runningReload(ctx)
	}
	name := args[0]
	if id, err := uuid.Parse(name); err == nil {
		return id.String(), nil
	}
	rows, err := r.History(ctx, 0)
	if err != nil {
		return "", err
	}
	var found []string
	for _, row := range rows {
		if abbreviates(name, row.View.ID) {
			found = append(found, row.View.ID)
		}
	}
	if err := exactlyOne(name, "reload", len(found), "rota history"); err != nil {
		return "", err
	}
	return found[0], nil
}

// errNoReload says that no reload is running.
var errNoReload = errors.New("no reload is running; rota history lists past reloads")

func (r *remote) runningReload(ctx context.Context) (string, error) {
	status, err := r.Status(ctx)
	if err != nil {
		return "", err
	}
	if running := status.View.Reload; running != nil {
		return running.ID, nil
	}
	return "", errNoReload
}

// abbreviates reports whether the id begins or ends with the name. Ids made at about the same time begin
// alike, so the end is what people type.
func abbreviates(name, id string) bool {
	name = strings.ToLower(name)
	return name != "" && (strings.HasPrefix(id, name) || strings.HasSuffix(id, name))
}

func exactlyOne(name, what string, found int, lister string) error {
	switch found {
	case 0:
		return fmt.Errorf("no %s has an id that begins or ends with %q; %s lists them", what, name, lister)
	case 1:
		return nil
	}
	return usageError{fmt.Errorf("%d %ss have ids that begin or end with %q; give more of the id", found, what, name)}
}
