package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"rota/internal/master"
)

// rotator starts reloads and lets their callers wait for what becomes of them.
type rotator interface {
	Reload(request master.ReloadRequest) (master.Reload, error)
	Wait(ctx context.Context, id string, target master.ReloadState) (master.Reload, error)
}

// reload starts a rotation and answers in the way that was asked for: at once, when the
// reload has come as far as ?wait= says, or with its events as they happen. Everything that
// can be wrong with the request is found before the master is asked.
func (s *Server) reload(w http.ResponseWriter, r *http.Request, q query) error {
	wait, timeout, err := readWait(q)
	if err != nil {
		return err
	}
	streaming := accepts(r, eventStream)
	if streaming && wait != "" {
		return badField("wait", "an event stream says itself when the reload is %s; ask for one of the two", wait)
	}
	request, err := readReloadRequest(w, r)
	if err != nil {
		return err
	}
	if streaming {
		leave, err := s.takeSeat(w)
		if err != nil {
			return err
		}
		defer leave()
	}
	reload, err := s.master.Reload(request)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/reloads/"+reload.ID)
	switch {
	case streaming:
		return s.streamReload(w, r, reload, 0)
	case wait != "":
		return s.awaitReload(w, r, reload.ID, wait, timeout)
	}
	return writeJSON(w, http.StatusAccepted, viewReload(reload))
}

// readWait reads what to wait for, "" for nothing, and how long.
func readWait(q query) (master.ReloadState, time.Duration, error) {
	wait, err := q.choice("wait", []string{string(master.ReloadLive), string(master.ReloadCompleted)})
	if err != nil {
		return "", 0, err
	}
	if _, given := q["timeout"]; given && wait == "" {
		return "", 0, badField("timeout", "says how long to wait, but there is no wait=live or wait=completed")
	}
	timeout, err := q.duration("timeout", 2*time.Minute, time.Millisecond, time.Hour)
	return master.ReloadState(wait), timeout, err
}

// awaitReload answers when the reload has come as far as target. The reload is the
// master's, not the request's: it goes on when nobody waits any more.
func (s *Server) awaitReload(w http.ResponseWriter, r *http.Request, id string, target master.ReloadState, timeout time.Duration) error {
	liftTimeouts(w)
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	reload, err := s.master.Wait(ctx, id, target)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.times.write))

	if errors.Is(err, context.DeadlineExceeded) && r.Context().Err() == nil {
		if reload, err = s.master.ReloadByID(id); err != nil {
			return err
		}
		return aboutReload(reload, http.StatusGatewayTimeout,
			"the reload is not %s after %s, it is %s; it goes on, follow it at /reloads/%s", target, short(timeout), reload.State, id)
	}
	if err != nil {
		return err
	}
	return answerReload(w, reload)
}

// answerReload tells somebody who waited how the reload went.
func answerReload(w http.ResponseWriter, reload master.Reload) error {
	why := "for an unknown reason"
	if reload.Failure != nil {
		why = reload.Failure.Message
	}
	switch reload.State {
	case master.ReloadFailed:
		return aboutReload(reload, http.StatusInternalServerError, "the reload failed: %s", why)
	case master.ReloadAborted:
		return aboutReload(reload, http.StatusServiceUnavailable, "the reload was aborted: %s", why)
	default:
		return writeJSON(w, http.StatusOK, viewReload(reload))
	}
}

func aboutReload(reload master.Reload, status int, format string, args ...any) error {
	p := problemf(status, format, args...)
	view := viewReload(reload)
	p.Reload = &view
	if view.Error != nil {
		p.Output = view.Error.Output
	}
	return p
}
