package admin

import (
	"errors"
	"net/http"
	"slices"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/pool"
	"rota/internal/view"
)

// listing is which connections a client wants to see, in which order, and how many after which.
type listing struct {
	filter
	order order
	limit int
	after *cursor // nil for the first page
}

var connectionStates = []string{string(listen.ConnectionActive), string(listen.ConnectionIdle), string(listen.ConnectionHalfClosed)}

// mostConnections is how many one answer may hold.
const mostConnections = 10_000

type filter struct {
	worker, state, listener string // "" for any
}

// connectionPage is what one answer shows.
type connectionPage struct {
	rows   []*listen.Connection
	next   *string  // the cursor of the page after it; nil on the last, and in an order that moves
	more   bool     // there are more, but no next page
	unseen []string // workers whose connections would be here too if the kernel showed them
}

func (s *Server) readListing(q query, worker string) (l listing, err error) {
	l.worker = worker
	if l.state, err = q.choice("state", connectionStates); err != nil {
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
	if l.limit, err = q.number("limit", 100, 1, mostConnections); err != nil {
		return l, err
	}
	if text, given := q["cursor"]; given {
		l.after, err = readCursor(text, l.order)
	}
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

// look asks the kernel for all connections.
func (s *Server) look() (master.Listing, error) {
	all, err := s.master.Connections()
	if err != nil {
		return all, noSockets(err)
	}
	return all, nil
}

// page is the part of all connections that the client wants.
func (l listing) page(all master.Listing) (connectionPage, error) {
	unseen, err := l.unseen(all.Unseen)
	if err != nil {
		return connectionPage{}, err
	}
	return l.first(l.sorted(all.Connections), unseen), nil
}

// sorted returns the wanted rows after the cursor, in order.
func (l listing) sorted(all []listen.Connection) []row {
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
	return rows
}

// first returns as many rows as the client wants.
func (l listing) first(rows []row, unseen []string) connectionPage {
	found := connectionPage{unseen: unseen}
	if len(rows) > l.limit {
		rows = rows[:l.limit]
		if l.order.fixed {
			found.next = new(l.order.cursorAt(rows[l.limit-1]))
		} else {
			found.more = true
		}
	}
	found.rows = make([]*listen.Connection, 0, len(rows))
	for _, r := range rows {
		found.rows = append(found.rows, r.connection)
	}
	return found
}

func (f filter) wants(c *listen.Connection) bool {
	return (f.worker == "" || c.WorkerID == f.worker) &&
		(f.listener == "" || c.Listener == f.listener) &&
		(f.state == "" || string(c.State()) == f.state)
}

// unseen returns the unseen workers that the filter lets through. It is an error if that is the one worker asked for.
func (f filter) unseen(workers []string) ([]string, error) {
	switch {
	case f.worker == "":
		return slices.Sorted(slices.Values(workers)), nil
	case slices.Contains(workers, f.worker):
		return nil, unseenConnections()
	}
	return nil, nil
}

func unseenConnections() *view.Problem {
	return problemf(http.StatusServiceUnavailable, "the kernel does not show the master which connections this worker holds; "+
		"run the master as root, or the worker as the master's user and readable (PR_SET_DUMPABLE)")
}

func unknownWorker(id string, err error) error {
	if errors.Is(err, pool.ErrNoWorker) {
		return badField("worker", "%.60q is no worker; GET /workers lists those that are", id)
	}
	return err
}

// noSockets explains why the kernel gives no listing.
func noSockets(err error) error {
	for _, known := range []error{master.ErrStopped, pool.ErrNoWorker, master.ErrNoConnection, master.ErrUnseen, master.ErrNotClosed} {
		if errors.Is(err, known) {
			return err
		}
	}
	return problemf(http.StatusServiceUnavailable, "the kernel does not list the connections: %v", err)
}
