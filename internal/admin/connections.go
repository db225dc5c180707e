package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/paging"
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
	wanted, err := s.readListing(q, worker)
	if err != nil {
		return err
	}
	all, err := s.look()
	if err != nil {
		return err
	}
	if worker != "" && slices.Contains(all.Unseen, worker) {
		return master.ErrUnseen
	}
	body, err := s.write(wanted, all)
	if err != nil {
		return err
	}
	writeBody(w, "application/json", http.StatusOK, append(body, '\n'))
	return nil
}

// write makes one answer at a time, and rests as long after it: sorting and encoding thousands of connections keeps a
// core busy, and a rotation needs one, too. It does not wait for the client.
func (s *Server) write(l paging.Listing, all observer.Listing) ([]byte, error) {
	s.encoding.Lock()
	began := time.Now()
	defer func() { time.AfterFunc(time.Since(began), s.encoding.Unlock) }()
	page := l.Page(all.Connections)
	v := view.Connections{
		Connections: make([]view.Connection, len(page.Rows)),
		Next:        page.Next,
		Truncated:   page.Truncated,
		Unseen:      l.Unseen(all.Unseen),
	}
	for i, c := range page.Rows {
		present.Connection(&v.Connections[i], c)
	}
	return view.Encode(&v)
}
