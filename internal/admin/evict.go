package admin

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/kernel"
	"rota/internal/master"
)

// evicter closes connections for workers that do not.
type evicter interface {
	CloseConnection(id string) (master.Connection, kernel.Manner, error)
	Evict(worker string, idle time.Duration) (master.Evicted, error)
}

const (
	mostIdle  = 30 * 24 * time.Hour
	mostTold  = 100 // connections, of those that were evicted
	needsIdle = "says how long a connection must have been idle, such as 30s; 0s is for all that are idle now"
)

type closedView struct {
	Connection connectionView `json:"connection"` // as it was
	How        string         `json:"how"`        // shutdown or destroyed
}

type evictedView struct {
	Evicted     int              `json:"evicted"`
	Connections []connectionView `json:"connections"` // as they were, at most mostTold
	Failed      []notClosedView  `json:"failed"`      // likewise
}

type notClosedView struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

func (s *Server) closeConnection(w http.ResponseWriter, r *http.Request, _ query) error {
	connection, how, err := s.master.CloseConnection(chi.URLParam(r, "id"))
	if err != nil {
		return noSockets(err)
	}
	view := closedView{How: string(how)}
	viewConnection(&view.Connection, &connection)
	return writeJSON(w, http.StatusOK, view)
}

func (s *Server) evictConnections(w http.ResponseWriter, r *http.Request, q query) error {
	if _, given := q["idle"]; !given {
		return badField("idle", needsIdle)
	}
	idle, err := q.duration("idle", 0, 0, mostIdle)
	if err != nil {
		return err
	}
	evicted, err := s.master.Evict(chi.URLParam(r, "id"), idle)
	if err != nil {
		return noSockets(err)
	}
	return writeJSON(w, http.StatusOK, viewEvicted(evicted))
}

func viewEvicted(e master.Evicted) evictedView {
	view := evictedView{
		Evicted:     len(e.Closed),
		Connections: make([]connectionView, min(len(e.Closed), mostTold)),
		Failed:      []notClosedView{},
	}
	for i := range view.Connections {
		viewConnection(&view.Connections[i], &e.Closed[i])
	}
	for _, f := range e.Failed[:min(len(e.Failed), mostTold)] {
		view.Failed = append(view.Failed, notClosedView{f.ID(), f.Err.Error()})
	}
	return view
}
