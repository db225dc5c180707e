package admin

import (
	"errors"
	"net/http"
	"strings"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/paging"
	"rota/internal/record"
)

var connectionStates = []string{string(listen.ConnectionActive), string(listen.ConnectionIdle), string(listen.ConnectionHalfClosed)}

// mostConnections bounds the connections in one answer.
const mostConnections = 10_000

func (s *Server) readListing(q query, worker string) (l paging.Listing, err error) {
	l.Worker = worker
	if l.State, err = q.choice("state", connectionStates); err != nil {
		return l, err
	}
	if _, given := q["listener"]; given {
		names, err := s.listenerNames()
		if err != nil {
			return l, err
		}
		if l.Listener, err = q.choice("listener", names); err != nil {
			return l, err
		}
	}
	if l.Order, err = readOrder(q); err != nil {
		return l, err
	}
	if l.Limit, err = q.number("limit", 100, 1, mostConnections); err != nil {
		return l, err
	}
	l.After, err = readCursor(q, l.Order)
	return l, err
}

func readOrder(q query) (paging.Order, error) {
	order, ok := paging.ReadOrder(q["sort"])
	if !ok {
		p := badField("sort", "%.60q is none of %s, with or without a - in front", q["sort"], strings.Join(paging.Fields(), ", "))
		p.Allowed = paging.Fields()
		return order, p
	}
	return order, nil
}

// readCursor is nil for the first page.
func readCursor(q query, order paging.Order) (*paging.Cursor, error) {
	text, given := q["cursor"]
	if !given {
		return nil, nil
	}
	if !order.HasPages() {
		return nil, badField("cursor", "sorted by %s there are no pages, because connections change their places between them; "+
			"ask for up to %d at once with limit, or sort by %s", order.Field(), mostConnections, strings.Join(paging.FieldsWithPages(), ", "))
	}
	after, ok := paging.ReadCursor(text, order)
	if !ok {
		return nil, badField("cursor", "%.60q is not of this listing; take the one that came as next, with the same sort and filters", text)
	}
	return after, nil
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
func (s *Server) look() (observer.Listing, error) {
	all, err := s.master.Connections()
	if err != nil {
		return all, noSockets(err)
	}
	return all, nil
}

func unknownWorker(id string, err error) error {
	if errors.Is(err, record.ErrNoWorker) {
		return badField("worker", "%.60q is no worker; GET /workers lists those that are", id)
	}
	return err
}

// noSockets explains why the kernel gives no listing.
func noSockets(err error) error {
	for _, known := range []error{master.ErrStopped, record.ErrNoWorker, master.ErrNoConnection, master.ErrUnseen, master.ErrNotClosed} {
		if errors.Is(err, known) {
			return err
		}
	}
	return problemf(http.StatusServiceUnavailable, "the kernel does not list the connections: %v", err)
}
