package admin

import (
	"net/http"

	"rota/internal/master"
)

// seats are for requests that stay for as long as they like: each holds a connection and a goroutine.
type seats struct {
	taken  chan struct{} // one for each
	leaves int           // open files, to those that don't stay
	what   string        // sits there, and what to do if all are taken
}

func newSeats(n, leaves int, what string) seats { return seats{make(chan struct{}, n), leaves, what} }

// take keeps the number of those that stay within bounds, and below that where descriptors are short.
func (s *Server) take(seats seats, w http.ResponseWriter, r *http.Request) (leave func(), err error) {
	select {
	case <-s.closing:
		return nil, master.ErrStopping
	default:
	}
	w.Header().Set("Retry-After", "1")
	if !s.crowd.mayStay(r, len(s.streams.taken)+len(s.waits.taken), seats.leaves) {
		return nil, tooMany()
	}
	select {
	case seats.taken <- struct{}{}:
		w.Header().Del("Retry-After")
		return func() { <-seats.taken }, nil
	default:
		return nil, problemf(http.StatusServiceUnavailable, "%d %s", cap(seats.taken), seats.what)
	}
}
