package client

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Anything that speaks HTTP may stand where a master was. A view that has a method unlike says what a master
// would never say: a member that is missing has its zero value.
type checked interface{ unlike() error }

func missing(member string) error { return fmt.Errorf("%s is missing", member) }

func (s *Status) unlike() error {
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
		return s.Reload.unlike()
	}
	return nil
}

var (
	reloadStates = []string{"queued", "rolling", "live", "completed", "reverting", "failed", "aborted"}
	workerStates = []string{"starting", "ready", "draining", "exited"}
)

func (r *Reload) unlike() error {
	switch {
	case r.ID == "":
		return missing("id")
	case !slices.Contains(reloadStates, r.State):
		return fmt.Errorf("%q is no state of a reload", r.State)
	case r.Generation <= 0:
		return missing("generation")
	case r.RequestedAt.IsZero():
		return missing("requested_at")
	}
	for _, a := range r.CanaryAddress {
		if _, err := netip.ParseAddrPort(a.Address); err != nil {
			return fmt.Errorf("%q is no address of a canary", a.Address)
		}
	}
	return nil
}

func (w *Worker) unlike() error {
	switch {
	case w.ID == "":
		return missing("id")
	case !slices.Contains(workerStates, w.State):
		return fmt.Errorf("%q is no state of a worker", w.State)
	}
	return nil
}

func (w *Workers) unlike() error {
	if w.Generation <= 0 {
		return missing("generation")
	}
	if w.Workers == nil {
		return missing("workers")
	}
	for i := range w.Workers {
		if err := w.Workers[i].unlike(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scaled) unlike() error {
	if s.Workers <= 0 || s.Before <= 0 {
		return errors.New("there are no sizes of a pool in it")
	}
	return nil
}

func (r *Rotated) unlike() error {
	if r.Replaces == "" {
		return missing("replaces")
	}
	return r.Worker.unlike()
}

func (c *Connection) unlike() error {
	if c.ID == "" {
		return missing("id")
	}
	return nil
}

func (c *Closed) unlike() error {
	if c.How == "" {
		return missing("how")
	}
	return c.Connection.unlike()
}

func (e *Evicted) unlike() error {
	if e.Connections == nil {
		return missing("connections")
	}
	for i := range e.Connections {
		if err := e.Connections[i].unlike(); err != nil {
			return err
		}
	}
	return nil
}

func (l *WorkerLog) unlike() error {
	if l.WorkerID == "" || l.Lines == nil {
		return missing("worker_id or lines")
	}
	return nil
}

func (r *Reloads) unlike() error {
	if r.Reloads == nil {
		return missing("reloads")
	}
	return nil
}

func (p *connectionsPage) unlike() error {
	if p.Connections == nil {
		return missing("connections")
	}
	return nil
}
