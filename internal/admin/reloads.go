package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"rota/internal/lapse"
	"rota/internal/present"
	"rota/internal/record"
	"rota/internal/sse"
	"rota/internal/words"
)

// rotator starts reloads and waits for them.
type rotator interface {
	Reload(request record.ReloadRequest) (record.Reload, error)
	Wait(ctx context.Context, id string, target record.ReloadState) (record.Reload, error)
	WaitCanary(ctx context.Context, id string) (record.Reload, error)
}

// reload starts a reload. It answers at once, or when the reload has reached what ?wait= says, or with a
// stream of events. It finds every mistake in the request before it asks the master.
func (s *Server) reload(w http.ResponseWriter, r *http.Request, q query) error {
	wait, err := readWait(q, requireLossless, requireCanary)
	if err != nil {
		return err
	}
	streaming := accepts(r, sse.ContentType)
	if streaming && wait.target != "" {
		return badField("wait", "an event stream says itself when the reload is %s; ask for one of the two", wait.target)
	}
	request, err := readReloadRequest(w, r)
	if err != nil {
		return err
	}
	request.NeedsCanary = wait.needsCanary()
	if streaming || wait.target != "" {
		leave, err := s.take(s.placesFor(streaming), w, r)
		if err != nil {
			return err
		}
		defer leave()
	}
	reload, err := s.master.Reload(request)
	if err != nil {
		return err
	}
	w.Header().Set("Location", location(r, "reloads", reload.ID))
	switch {
	case streaming:
		return s.streamReload(w, r, reload, 0)
	case wait.target != "":
		return s.awaitReload(w, r, reload.ID, wait)
	}
	return writeJSON(w, http.StatusAccepted, present.Reload(reload))
}

func (s *Server) placesFor(streaming bool) places {
	if streaming {
		return s.streams
	}
	return s.waits
}

// awaitReload answers when the reload has reached what the client waits for. The reload goes on when the
// client leaves.
func (s *Server) awaitReload(w http.ResponseWriter, r *http.Request, id string, wait wait) error {
	liftTimeouts(w)
	ctx, cancel := lapse.WithTimeout(r.Context(), wait.timeout)
	defer cancel()
	reload, err := s.reaches(ctx, id, wait)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.times.write))

	if errors.Is(err, context.DeadlineExceeded) && r.Context().Err() == nil {
		if reload, err = s.master.ReloadByID(id); err != nil {
			return err
		}
		if wait.over(&reload) { // at the last moment
			return answerReload(w, reload, wait)
		}
		return aboutReload(reload, http.StatusGatewayTimeout,
			"the reload is not %s after %s, it is %s; it goes on, follow it at /reloads/%s", wait.what(), words.Exact(wait.timeout), standing(reload), id)
	}
	if err != nil {
		return err
	}
	return answerReload(w, reload, wait)
}

// standing is the state of a reload, in words.
func standing(reload record.Reload) string {
	switch {
	case reload.Paused != nil:
		return "paused (" + string(reload.Paused.Why) + ")"
	case reload.OnTrial && reload.State == record.ReloadLive:
		return "live and on trial"
	}
	return string(reload.State)
}

// answerReload tells a client that waited how the reload went.
func answerReload(w http.ResponseWriter, reload record.Reload, wait wait) error {
	why := "for an unknown reason"
	if reload.Failure != nil {
		why = reload.Failure.Message
	}
	judgement := reload.Judge()
	switch {
	case reload.State == record.ReloadCompleted && reload.Failure != nil:
		return aboutReload(reload, http.StatusInternalServerError, "the reload is completed, but unstable: %s", why)
	case wait.target == waitCanary && reload.Canaryless():
		return aboutReload(reload, http.StatusBadRequest, "%v; the reload is %s", record.ErrNoCanary, standing(reload))
	case reload.State == record.ReloadFailed:
		return aboutReload(reload, http.StatusInternalServerError, "the reload failed: %s", why)
	case reload.State == record.ReloadAborted && reload.Failure != nil && reload.Failure.Stopping:
		return aboutReload(reload, http.StatusServiceUnavailable, "the reload was aborted: %s", why)
	case reload.State == record.ReloadAborted:
		return aboutReload(reload, http.StatusConflict, "the reload was aborted: %s", why)
	case wait.target == waitCanary && reload.CanarySkipped():
		return aboutReload(reload, http.StatusConflict, "somebody had the reload go on without waiting for its canary; the reload is %s", standing(reload))
	case wait.lossless() && len(judgement.Losses) > 0:
		return aboutReload(reload, http.StatusConflict, "the reload is %s, but it was not lossless: %s", reload.State, strings.Join(judgement.Losses, "; "))
	case wait.lossless() && judgement.Lossless == nil:
		return aboutReload(reload, http.StatusConflict, "the reload is %s, but whether it was lossless is unknown: %s", reload.State, strings.Join(judgement.Unproven, "; "))
	}
	return writeJSON(w, http.StatusOK, present.Reload(reload))
}

func aboutReload(reload record.Reload, status int, format string, args ...any) error {
	p := problemf(status, format, args...)
	v := present.Reload(reload)
	p.Reload = &v
	if v.Error != nil {
		p.Output = v.Error.Output
	}
	return p
}
