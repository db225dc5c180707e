package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"rota/internal/kernel"
	"rota/internal/master"
)

// listing is what a client wants to see of the connections: which, in which order, and how
// many after which.
type listing struct {
	worker, state, listener string // "" for any
	order                   order
	limit                   int
	after                   *cursor // nil for the first page
}

func (s *Server) readListing(q query) (l listing, err error) {
	if l.state, err = q.choice("state", []string{stateActive, stateIdle, stateHalfClosed}); err != nil {
		return l, err
	}
	if _, given := q["listener"]; given {
		names, err := s.listenerNames()
		if err != nil {
			return l, err
		}
		if l.listener, err = q.choice("listener", names); err != nil {
			return l, err
		}
	}
	if l.order, err = readOrder(q); err != nil {
		return l, err
	}
	if l.limit, err = q.number("limit", 100, 1, 10_000); err != nil {
		return l, err
	}
	l.after, err = readCursor(q, l.order)
	return l, err
}

func (s *Server) listenerNames() ([]string, error) {
	status, err := s.master.Status()
	names := make([]string, 0, len(status.Listeners))
	for _, l := range status.Listeners {
		names = append(names, l.Name)
	}
	return names, err
}

// page returns the wanted rows and the cursor of the rows after them, if there are any.
func (l listing) page(all []master.Connection) ([]*master.Connection, *string) {
	rows := make([]row, 0, len(all))
	for i := range all {
		c := &all[i]
		if !l.wants(c) {
			continue
		}
		r := row{key: l.order.key(c), connection: c}
		if l.after == nil || l.order.compare(r.key, c.Cookie, l.after.key(), l.after.ID) > 0 {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return l.order.compare(a.key, a.connection.Cookie, b.key, b.connection.Cookie)
	})
	var next *string
	if len(rows) > l.limit {
		rows = rows[:l.limit]
		text := l.order.cursorAt(rows[l.limit-1])
		next = &text
	}
	found := make([]*master.Connection, len(rows))
	for i, r := range rows {
		found[i] = r.connection
	}
	return found, next
}

func (l listing) wants(c *master.Connection) bool {
	return (l.worker == "" || c.WorkerID == l.worker) &&
		(l.listener == "" || c.Listener == l.listener) &&
		(l.state == "" || connectionState(c) == l.state)
}

func unknownWorker(id string, err error) error {
	if errors.Is(err, master.ErrNoWorker) {
		return badField("worker", "%.60q is no worker; GET /workers lists those that are", id)
	}
	return err
}

// noSockets explains why there is no listing of connections.
func noSockets(err error) error {
	if errors.Is(err, master.ErrStopped) {
		return err
	}
	if errors.Is(err, kernel.ErrNoDiag) || errors.Is(err, kernel.ErrInterrupted) {
		return problemf(http.StatusServiceUnavailable, "the kernel does not list the connections: %v", err)
	}
	return fmt.Errorf("list connections: %w", err)
}
