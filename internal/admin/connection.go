package admin

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
	"rota/internal/present"
	"rota/internal/view"
)

func (s *Server) listConnections(w http.ResponseWriter, _ *http.Request, q query) error {
	worker, given := q["worker"]
	if given {
		if _, err := s.master.Worker(worker); err != nil {
			return unknownWorker(worker, err)
		}
	}
	return s.answerConnections(w, q, worker)
}

func (s *Server) listWorkerConnections(w http.ResponseWriter, r *http.Request, q query) error {
	id := chi.URLParam(r, "id")
	if _, err := s.master.Worker(id); err != nil {
		return err
	}
	return s.answerConnections(w, q, id)
}

func (s *Server) answerConnections(w http.ResponseWriter, q query, worker string) error {
	listing, err := s.readListing(q, worker)
	if err != nil {
		return err
	}
	all, err := s.look()
	if err != nil {
		return err
	}
	body, err := s.write(listing, all)
	if err != nil {
		return err
	}
	writeBody(w, "application/json", http.StatusOK, append(body, '\n'))
	return nil
}

// write makes one answer at a time, and rests as long after it: sorting and encoding thousands of connections keeps a
// core busy, and a rotation needs one, too. It does not wait for the client.
func (s *Server) write(l listing, all master.Listing) ([]byte, error) {
	s.listing.Lock()
	began := time.Now()
	defer func() { time.AfterFunc(time.Since(began), s.listing.Unlock) }()
	page, err := l.page(all)
	if err != nil {
		return nil, err
	}
	v := view.Connections{Connections: make([]view.Connection, len(page.rows)), Next: page.next, Truncated: page.more, Unseen: page.unseen}
	for i, c := range page.rows {
		present.Connection(&v.Connections[i], c)
	}
	return view.Encode(&v)
}
