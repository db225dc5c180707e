package words

import (
	"fmt"
	"strings"

	"rota/internal/record"
	"rota/internal/view"
)

// WorkerState is a worker's state; it marks one that was not seen to be ready.
func WorkerState(w view.WorkerCore) string {
	if w.State == "ready" && w.Readiness.Assumed() {
		return "ready (assumed)"
	}
	return w.State
}

// ReloadState is a reload's state in one or two words.
func ReloadState(r view.Reload) string {
	switch {
	case r.Paused != nil && r.State == "rolling":
		return "paused"
	case r.State == "live" && r.OnTrial:
		return "on trial"
	case r.Unstable():
		return "unstable"
	}
	return r.State
}

// Progress is the state and how far the reload is: "paused, 1/4 slots, after the canary, until rota promote".
func Progress(r view.Reload) string {
	return strings.Join(append([]string{ReloadState(r)}, Figures(r)...), ", ")
}

// Figures say how far a reload is and what it waits for.
func Figures(r view.Reload) []string {
	var list []string
	if r.Total > 0 && r.State != "queued" { // the size may still change until the reload begins
		list = append(list, fmt.Sprintf("%d/%d slots", r.Replaced, r.Total))
	}
	if r.Draining > 0 {
		held := record.Plural(r.Draining, "old worker drains", "old workers drain")
		if r.ConnectionsRemaining != nil {
			held = record.Plural(*r.ConnectionsRemaining, "connection left", "connections left")
		}
		list = append(list, held)
	}
	if r.Paused != nil {
		list = append(list, pause(*r.Paused))
	}
	if ReloadState(r) == "on trial" && !r.TrialEndsAt.IsZero() {
		list = append(list, "until "+Clock(r.TrialEndsAt.Time))
	}
	return list
}

func pause(p view.Pause) string {
	text := map[string]string{
		"canary":  "after the canary",
		"between": "between two batches",
		"asked":   "by somebody",
	}[p.Why]
	switch {
	case !p.Until.IsZero():
		text += ", until " + Clock(p.Until.Time)
	case p.Why == "canary":
		text += ", until rota promote"
	case p.Why == "asked":
		text += ", until rota resume"
	}
	return text
}
