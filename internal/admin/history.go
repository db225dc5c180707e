package admin

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"rota/internal/present"
	"rota/internal/record"
	"rota/internal/view"
)

// history is what the master remembers about reloads.
type history interface {
	Reloads() ([]record.Reload, error) // newest first
	ReloadByID(id string) (record.Reload, error)
}

func (s *Server) listReloads(w http.ResponseWriter, _ *http.Request, q query) error {
	limit, err := q.number("limit", 50, 1, 200)
	if err != nil {
		return err
	}
	before, err := readReloadCursor(q)
	if err != nil {
		return err
	}
	all, err := s.master.Reloads()
	if err != nil {
		return err
	}
	page := struct {
		Reloads []view.Reload `json:"reloads"`
		Next    *string       `json:"next"`
	}{Reloads: []view.Reload{}}
	for _, reload := range all {
		if before != "" && reload.ID >= before {
			continue
		}
		if len(page.Reloads) == limit {
			page.Next = &page.Reloads[limit-1].ID
			break
		}
		page.Reloads = append(page.Reloads, present.Reload(reload))
	}
	return writeJSON(w, http.StatusOK, page)
}

// readReloadCursor reads the id of the last reload of the page before. Ids grow with time, so the cursor
// still works when the master has forgotten that reload.
func readReloadCursor(q query) (string, error) {
	text, given := q["cursor"]
	if !given {
		return "", nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return "", badField("cursor", "%.60q is no reload id; take the one that came as next", text)
	}
	return id.String(), nil
}

// showReload answers with a reload as it is, or once it has reached what ?wait= says.
func (s *Server) showReload(w http.ResponseWriter, r *http.Request, q query) error {
	id := chi.URLParam(r, "id")
	wait, err := readWait(q, requireLossless)
	if err != nil {
		return err
	}
	if wait.target != "" {
		leave, err := s.take(s.waits, w, r)
		if err != nil {
			return err
		}
		defer leave()
		return s.awaitReload(w, r, id, wait)
	}
	reload, err := s.master.ReloadByID(id)
	if err != nil {
		return err
	}
	waiting, err := s.master.WaitingFor(reload.ID)
	if err != nil {
		return err
	}
	v := present.Reload(reload)
	v.WaitingFor = present.WaitingFor(waiting)
	return writeJSON(w, http.StatusOK, v)
}
