package client

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"rota/internal/view"
)

// unlike says what a master would never send: anything that speaks HTTP may answer at its address. A missing member
// has its zero value.
func unlike(document any) error {
	switch v := document.(type) {
	case *view.Status:
		return unlikeStatus(v)
	case *view.Reload:
		return unlikeReload(v)
	case *view.Worker:
		return unlikeWorker(v.WorkerCore)
	case *view.Workers:
		return unlikeWorkers(v)
	case *view.Scaled:
		return missingUnless(v.Workers > 0 && v.Before > 0, "the size of the pool")
	case *view.Rotated:
		return cmp.Or(missingUnless(v.Replaces != "", "replaces"), unlikeWorker(v.Worker.WorkerCore))
	case *view.Connection:
		return missingUnless(v.ID != "", "id")
	case *view.Closed:
		return missingUnless(v.How != "" && v.Connection.ID != "", "how or connection")
	case *view.Evicted:
		return unlikeEvicted(v)
	case *view.WorkerLog:
		return missingUnless(v.WorkerID != "" && v.Lines != nil, "worker_id or lines")
	case *Reloads:
		return missingUnless(v.Reloads != nil, "reloads")
	case *connectionsPage:
		return missingUnless(v.Connections != nil, "connections")
	}
	return nil
}

func missing(member string) error { return fmt.Errorf("%s is missing", member) }

func missingUnless(there bool, member string) error {
	if there {
		return nil
	}
	return missing(member)
}

func unlikeStatus(s *view.Status) error {
	switch {
	case s.PID <= 0:
		return missing("pid")
	case s.Version == "":
		return missing("version")
	case s.Generation <= 0:
		return missing("generation")
	case s.Pool.Size <= 0:
		return missing("pool")
	case s.Reload != nil:
		return unlikeReload(s.Reload)
	}
	return nil
}

var (
	reloadStates = []string{"queued", "rolling", "live", "completed", "reverting", "failed", "aborted"}
	workerStates = []string{"starting", "ready", "draining", "exited"}
)

func unlikeReload(r *view.Reload) error {
	switch {
	case r.ID == "":
		return missing("id")
	case !slices.Contains(reloadStates, r.State):
		return fmt.Errorf("%q is not a state of a reload", r.State)
	case r.Generation <= 0:
		return missing("generation")
	case r.RequestedAt.IsZero():
		return missing("requested_at")
	}
	for _, a := range r.CanaryAddress {
		if _, err := netip.ParseAddrPort(a.Address); err != nil {
			return fmt.Errorf("%q is not an address of a canary", a.Address)
		}
	}
	return nil
}

func unlikeWorker(w view.WorkerCore) error {
	switch {
	case w.ID == "":
		return missing("id")
	case !slices.Contains(workerStates, w.State):
		return fmt.Errorf("%q is not a state of a worker", w.State)
	}
	return nil
}

func unlikeWorkers(list *view.Workers) error {
	if list.Generation <= 0 {
		return missing("generation")
	}
	if list.Workers == nil {
		return missing("workers")
	}
	for _, w := range list.Workers {
		if err := unlikeWorker(w.WorkerCore); err != nil {
			return err
		}
	}
	return nil
}

func unlikeEvicted(e *view.Evicted) error {
	if e.Connections == nil {
		return missing("connections")
	}
	for _, c := range e.Connections {
		if c.ID == "" {
			return missing("id")
		}
	}
	return nil
}
