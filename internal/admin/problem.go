package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"rota/internal/master"
	"rota/internal/record"
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
	return errors.Is(err, record.ErrStopping) || errors.Is(err, master.ErrStopped)
}

func (s *Server) problemOf(r *http.Request, err error) *view.Problem {
	if p := typedProblem(err); p != nil {
		return p
	}
	for _, known := range sentinels {
		if errors.Is(err, known.err) {
			return known.problem(err)
		}
	}
	s.log.Error().Err(err).Str("method", r.Method).Str("path", r.URL.Path).Msg("an API request failed")
	return problemf(http.StatusInternalServerError, "the request failed inside rota; the log has the details")
}

// typedProblem is the problem of an error that has a type of its own; nil for another.
func typedProblem(err error) *view.Problem {
	if p, ok := errors.AsType[*view.Problem](err); ok {
		return p
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problemf(http.StatusRequestEntityTooLarge, "the request body is larger than %d bytes", tooLarge.Limit)
	}
	if noRoom, ok := errors.AsType[*record.NoRoom](err); ok {
		return problemf(http.StatusConflict, "%v", noRoom)
	}
	if conflict, ok := errors.AsType[*record.ConflictError](err); ok {
		return problemf(http.StatusConflict, "%s", conflict.Reason)
	}
	if large, ok := errors.AsType[record.CanaryTooLarge](err); ok {
		return badField("canary", "%v", large)
	}
	if errors.Is(err, record.ErrNoCanary) {
		return badField("canary", "%v", err)
	}
	if errors.Is(err, master.ErrNotClosed) && errors.Is(err, fs.ErrPermission) {
		return problemf(http.StatusForbidden, "%v", err)
	}
	return nil
}

// sentinel is an error of the master and its status. The detail is the error with advice behind it, or
// instead another text.
type sentinel struct {
	err     error
	status  int
	advice  string
	instead string
}

var sentinels = []sentinel{
	{err: record.ErrStopping, status: http.StatusServiceUnavailable},
	{err: master.ErrStopped, status: http.StatusServiceUnavailable},
	{err: record.ErrResizing, status: http.StatusConflict},
	{err: record.ErrPoolLimit, status: http.StatusBadRequest},
	{err: record.ErrKeyReused, status: http.StatusUnprocessableEntity, advice: "; take another Idempotency-Key, or repeat the request as it was"},
	{err: record.ErrGeneration, status: http.StatusPreconditionFailed, advice: "; look at /status and /reloads, and ask again if you still want to"},
	{err: record.ErrNoWorker, status: http.StatusNotFound, instead: "no worker with this id is known; GET /workers lists those that are"},
	{err: record.ErrNoReload, status: http.StatusNotFound, instead: "no reload with this id is known, or it is forgotten; GET /reloads lists those that are"},
	{err: master.ErrNoConnection, status: http.StatusNotFound,
		instead: "no worker has a connection with this id, or it is closed; GET /connections lists the open ones"},
	{err: master.ErrLogGone, status: http.StatusGone,
		instead: "the output of this worker is not kept any more, because it is gone and others went after it; " +
			"its last lines are in its exit, at GET /workers/{id}, and rota's own log has what was logged"},
	{err: master.ErrUnseen, status: http.StatusServiceUnavailable, instead: unseenConnections},
	{err: master.ErrNotClosed, status: http.StatusConflict},
}

func (k sentinel) problem(err error) *view.Problem {
	if k.instead != "" {
		return problemf(k.status, "%s", k.instead)
	}
	return problemf(k.status, "%v%s", err, k.advice)
}

// unseenConnections is the detail of master.ErrUnseen.
const unseenConnections = "the kernel does not show the master which connections this worker holds; " +
	"run the master as root, or the worker as the master's user and readable (PR_SET_DUMPABLE)"
