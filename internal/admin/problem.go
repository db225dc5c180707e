package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"rota/internal/master"
	"rota/internal/pool"
	"rota/internal/view"
)

func problemf(status int, format string, args ...any) *view.Problem {
	return &view.Problem{
		Type:   "about:blank",
		Title:  http.StatusText(status),
		Status: status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// badField is a problem with one part of the request.
func badField(field, format string, args ...any) *view.Problem {
	p := problemf(http.StatusBadRequest, "%.60s: %s", field, fmt.Sprintf(format, args...))
	p.Field = field
	return p
}

// fail answers with the error. Errors become statuses only here.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the client has left
	}
	p := s.problemOf(r, err)
	w.Header().Set("Cache-Control", "no-store")
	if stopping(err) {
		w.Header().Set("Retry-After", "1") // a supervisor has started the next master by then
	}
	if err := writeJSONAs(w, "application/problem+json", p.Status, p); err != nil {
		s.log.Debug().Err(err).Msg("the answer could not be written")
	}
}

func stopping(err error) bool {
	return errors.Is(err, pool.ErrStopping) || errors.Is(err, master.ErrStopped)
}

func (s *Server) problemOf(r *http.Request, err error) *view.Problem {
	if p, ok := errors.AsType[*view.Problem](err); ok {
		return p
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problemf(http.StatusRequestEntityTooLarge, "the request body is larger than %d bytes", tooLarge.Limit)
	}
	if noRoom, ok := errors.AsType[*pool.NoRoom](err); ok {
		return problemf(http.StatusConflict, "%v", noRoom)
	}
	if conflict, ok := errors.AsType[*pool.ConflictError](err); ok {
		return problemf(http.StatusConflict, "%s", conflict.Reason)
	}
	if large, ok := errors.AsType[pool.CanaryTooLarge](err); ok {
		return badField("canary", "%v", large)
	}
	switch {
	case errors.Is(err, pool.ErrNoCanary):
		return badField("canary", "%v", err)
	case stopping(err):
		return problemf(http.StatusServiceUnavailable, "%v", err)
	case errors.Is(err, pool.ErrNoWorker):
		return problemf(http.StatusNotFound, "no worker with this id is known; GET /workers lists those that are")
	case errors.Is(err, pool.ErrKeyReused):
		return problemf(http.StatusUnprocessableEntity, "%v; take another Idempotency-Key, or repeat the request as it was", err)
	case errors.Is(err, pool.ErrGeneration):
		return problemf(http.StatusPreconditionFailed, "%v; look at /status and /reloads, and ask again if you still want to", err)
	case errors.Is(err, pool.ErrResizing):
		return problemf(http.StatusConflict, "%v", err)
	case errors.Is(err, pool.ErrPoolLimit):
		return problemf(http.StatusBadRequest, "%v", err)
	case errors.Is(err, master.ErrNoConnection):
		return problemf(http.StatusNotFound, "no worker has a connection with this id, or it is closed; GET /connections lists the open ones")
	case errors.Is(err, master.ErrUnseen):
		return unseenConnections()
	case errors.Is(err, master.ErrNotClosed) && errors.Is(err, fs.ErrPermission):
		return problemf(http.StatusForbidden, "%v", err)
	case errors.Is(err, master.ErrNotClosed):
		return problemf(http.StatusConflict, "%v", err)
	case errors.Is(err, master.ErrLogGone):
		return problemf(http.StatusGone, "the output of this worker is not kept any more, because it is gone and others went after it; "+
			"its last lines are in its exit, at GET /workers/{id}, and rota's own log has what was logged")
	case errors.Is(err, pool.ErrNoReload):
		return problemf(http.StatusNotFound, "no reload with this id is known, or it is forgotten; GET /reloads lists those that are")
	}
	s.log.Error().Err(err).Str("method", r.Method).Str("path", r.URL.Path).Msg("an API request failed")
	return problemf(http.StatusInternalServerError, "the request failed inside rota; the log has the details")
}
