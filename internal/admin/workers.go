package admin

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/present"
	"rota/internal/record"
	"rota/internal/view"
)

// holder says what keeps draining workers from leaving.
type holder interface {
	Holdings(workers []string) (map[string]observer.Holding, error)
	WaitingFor(reload string) ([]master.WaitingFor, error)
}

func (s *Server) listWorkers(w http.ResponseWriter, _ *http.Request, _ query) error {
	now, err := s.snapshots.since(time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, now.workers)
}

func (s *Server) showWorker(w http.ResponseWriter, r *http.Request, _ query) error {
	id := chi.URLParam(r, "id")
	now, err := s.snapshots.since(time.Now())
	if err != nil {
		return err
	}
	for i := range now.workers.Workers {
		if v := now.workers.Workers[i]; v.ID == id {
			v.WaitingFor = s.holdingOf(v.WorkerCore)
			return writeJSON(w, http.StatusOK, v)
		}
	}
	gone, err := s.master.Worker(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, present.Worker(gone, present.Seen{}))
}

// holdingOf is nil for a worker that does not drain.
func (s *Server) holdingOf(w view.WorkerCore) *view.Holding {
	if w.State != string(record.WorkerDraining) {
		return nil
	}
	holdings, err := s.master.Holdings([]string{w.ID})
	var told *observer.Holding
	if h, seen := holdings[w.ID]; err == nil && seen {
		told = &h
	}
	return new(present.Holding(told))
}
