package admin

import (
	"fmt"
	"net/http"
	"time"

	"rota/internal/lapse"
	"rota/internal/master"
	"rota/internal/present"
	"rota/internal/words"
)

// healthz says whether the master is alive: whether its loop answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request, _ query) error {
	if _, err := s.promptStatus(); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

// readyz says whether the master can be trusted with traffic, and if not, why.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request, _ query) error {
	status, err := s.promptStatus()
	if err != nil {
		return err
	}
	if !status.Serving() {
		return notReady(status)
	}
	return writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
		Ready  int    `json:"ready"`
		Size   int    `json:"size"`
	}{"ready", status.Ready, status.Size})
}

func notReady(status master.Status) error {
	p := problemf(http.StatusServiceUnavailable, "%d of %d workers are ready", status.Ready, status.Size)
	p.CrashLooping = status.Looping
	v := present.Status(status, "", time.Now(), nil, nil)
	p.Reasons = words.Unready(v, status.Shut)
	for _, slot := range v.Waiting {
		p.Reasons = append(p.Reasons, fmt.Sprintf("slot %d waits for its next worker: %s", slot.Slot, words.Vacancy(slot, v.Now())))
	}
	for _, reason := range p.Reasons {
		p.Detail += "; " + reason
	}
	return p
}

// promptStatus asks the master, but not for long. Each question to a stuck master leaves a goroutine behind;
// whoever checks its health will soon restart it.
func (s *Server) promptStatus() (master.Status, error) {
	type answer struct {
		status master.Status
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		status, err := s.master.Status()
		answered <- answer{status, err}
	}()
	patience := lapse.NewTimer()
	patience.Reset(s.times.health)
	defer patience.Stop()
	select {
	case a := <-answered:
		return a.status, a.err
	case <-patience.C:
		return master.Status{}, problemf(http.StatusServiceUnavailable, "the master did not answer within %s", words.Exact(s.times.health))
	}
}
