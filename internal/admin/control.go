package admin

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"rota/internal/present"
	"rota/internal/record"
	"rota/internal/view"
)

// controller changes reloads, workers and the pool.
type controller interface {
	Control(id string, verb record.Verb, reason string) (record.Reload, error)
	Renew(worker string) (record.Worker, error)
	ScaleTo(size int) (before int, err error)
}

// control changes the course of a reload. The answer to an abort is 202, because going back takes a while.
func (s *Server) control(verb record.Verb) handler {
	return func(w http.ResponseWriter, r *http.Request, _ query) error {
		var reason string
		known := members{}
		if verb == record.VerbAbort {
			known["reason"] = text(&reason)
		}
		if err := readObject(w, r, known); err != nil {
			return err
		}
		reload, err := s.master.Control(chi.URLParam(r, "id"), verb, reason)
		if err != nil {
			return err
		}
		status := http.StatusOK
		if reload.State == record.ReloadReverting {
			status = http.StatusAccepted
		}
		w.Header().Set("Location", location(r, "reloads", reload.ID))
		return writeJSON(w, status, present.Reload(reload))
	}
}

// promote ends the pause after the canary. With ?skip_canary=true it skips the canary.
func (s *Server) promote(w http.ResponseWriter, r *http.Request, q query) error {
	skip, err := q.choice("skip_canary", []string{"true", "false"})
	if err != nil {
		return err
	}
	if skip == "true" {
		return s.control(record.VerbSkipCanary)(w, r, q)
	}
	return s.control(record.VerbPromote)(w, r, q)
}

func (s *Server) rotateWorker(w http.ResponseWriter, r *http.Request, _ query) error {
	if err := readObject(w, r, nil); err != nil {
		return err
	}
	id := chi.URLParam(r, "id")
	next, err := s.master.Renew(id)
	if err != nil {
		return err
	}
	w.Header().Set("Location", location(r, "workers", next.ID))
	return writeJSON(w, http.StatusAccepted, view.Rotated{Worker: present.Worker(next, present.Seen{}), Replaces: id})
}

func (s *Server) scale(w http.ResponseWriter, r *http.Request, _ query) error {
	var size *int
	if err := readObject(w, r, members{"workers": wholeNumber(&size, 1, record.MaxWorkers)}); err != nil {
		return err
	}
	if size == nil {
		return badField("workers", "is missing; the body must be like {\"workers\": 8}")
	}
	before, err := s.master.ScaleTo(*size)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, view.Scaled{Workers: *size, Before: before})
}
