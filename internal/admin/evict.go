package admin

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/present"
	"rota/internal/view"
)

// evicter closes connections that workers keep open.
type evicter interface {
	CloseConnection(id string) (listen.Connection, kernel.Manner, error)
	Evict(worker string, idle time.Duration) (master.Evicted, error)
}

const (
	mostIdle  = 30 * 24 * time.Hour
	needsIdle = "says how long a connection must have been idle, such as 30s; 0s is for all that are idle now"
)

func (s *Server) closeConnection(w http.ResponseWriter, r *http.Request, _ query) error {
	connection, how, err := s.master.CloseConnection(chi.URLParam(r, "id"))
	if err != nil {
		return noSockets(err)
	}
	v := view.Closed{How: string(how)}
	present.Connection(&v.Connection, &connection)
	return writeJSON(w, http.StatusOK, v)
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
	return writeJSON(w, http.StatusOK, present.Evicted(evicted))
}
