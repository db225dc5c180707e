package admin

import (
	"time"

	"rota/internal/master"
)

type reloadView struct {
	ID                   string        `json:"id"`
	State                string        `json:"state"`
	Generation           int           `json:"generation"`
	Trigger              string        `json:"trigger"`
	Reason               *string       `json:"reason"`
	Revision             *string       `json:"revision"`
	StartTimeout         *string       `json:"start_timeout"` // null: the master's own
	DrainTimeout         *string       `json:"drain_timeout"`
	Callers              []callerView  `json:"callers"`       // the first and the last 16, oldest first; the above is the latest's; null in events before the last
	CallersTotal         int           `json:"callers_total"` // how many asked for it
	RequestedAt          instant       `json:"requested_at"`
	StartedAt            instant       `json:"started_at"`
	CanaryAt             instant       `json:"canary_at"`   // its canary was ready and had passed its checks; null before
	PromotedAt           instant       `json:"promoted_at"` // the pause after the canary was over, or somebody did without it; null before
	LiveAt               instant       `json:"live_at"`
	FinishedAt           instant       `json:"finished_at"`
	Replaced             int           `json:"replaced"`
	Total                int           `json:"total"`
	Serving              int           `json:"serving"` // slots that a worker of any generation serves; when it ended
	Draining             int           `json:"draining"`
	ConnectionsRemaining *int          `json:"connections_remaining"` // null until they were counted
	ConnectionsCut       *int          `json:"connections_cut"`       // null if the kernel did not tell
	Program              *programView  `json:"program,omitempty"`     // of its generation; absent until that is known, and in events before the last
	OnTrial              bool          `json:"on_trial"`              // it may still go back
	TrialEndsAt          instant       `json:"trial_ends_at"`         // null unless it soaks
	Paused               *pauseView    `json:"paused"`
	CanaryAddress        []canaryView  `json:"canary_address"` // null unless its canary is on trial
	Strategy             *strategyView `json:"strategy"`       // null until its plan is made
	Receipt              *receiptView  `json:"receipt"`        // null until it has begun
	Error                *failureView  `json:"error"`

	Assumed []string `json:"assumed"` // why its workers were not seen to be ready, each reason once

	WaitingFor []waitingForView `json:"waiting_for,omitzero"` // only where the reload is asked for alone

	Steps []stepView `json:"steps"` // null in events before the last, which has them all
}

type callerView struct {
	Trigger     string  `json:"trigger"`
	Reason      *string `json:"reason"`
	Revision    *string `json:"revision"`
	RequestedAt instant `json:"requested_at"`
}

// canaryView is where the canary of a reload, and nobody else, answers for one of its listeners.
type canaryView struct {
	Listener string `json:"listener"`
	Address  string `json:"address"` // 127.0.0.1:PORT, for any user of the machine
}

type failureView struct {
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	WorkerID *string  `json:"worker_id"` // null when no worker is to blame
	Slot     *int     `json:"slot"`
	Output   []string `json:"output"` // the worker's last lines; oldest first within stdout and within stderr

	Complaints []string `json:"complaints,omitempty"` // each mistake by itself, where there are several

	RevertFailed      bool `json:"revert_failed"`       // the generation before does not serve every slot again
	RevertCheckFailed bool `json:"revert_check_failed"` // it does, and does not pass the checks either
	Stopping          bool `json:"stopping"`            // the master was told to stop: no generation serves any more
}

type stepView struct {
	Time     instant `json:"time"`
	Action   string  `json:"action"`
	Slot     int     `json:"slot"`
	WorkerID string  `json:"worker_id"`
	Message  string  `json:"message"`
	Took     *int64  `json:"took_ms"` // of starting, for ready; of draining, for exited; else null

	StoppedAcceptingAt instant `json:"stopped_accepting_at"` // of draining; null while that is not known, and for others
}

func viewReloadOrNil(r *master.Reload) *reloadView {
	if r == nil {
		return nil
	}
	view := viewReload(*r)
	return &view
}

func viewReload(r master.Reload) reloadView {
	view := reloadView{
		ID:                   r.ID,
		State:                string(r.State),
		Generation:           r.Generation,
		Trigger:              string(r.Trigger),
		Reason:               known(r.Reason),
		Revision:             known(r.Revision),
		StartTimeout:         viewTimeout(r.StartTimeout),
		DrainTimeout:         viewTimeout(r.DrainTimeout),
		Callers:              make([]callerView, 0, len(r.Callers)),
		CallersTotal:         r.CallersTotal,
		RequestedAt:          instant(r.RequestedAt),
		StartedAt:            instant(r.StartedAt),
		CanaryAt:             instant(r.CanaryAt),
		PromotedAt:           instant(r.PromotedAt),
		LiveAt:               instant(r.LiveAt),
		FinishedAt:           instant(r.FinishedAt),
		Replaced:             r.Replaced,
		Total:                r.Total,
		Serving:              r.Serving,
		Draining:             r.Draining,
		ConnectionsRemaining: knownIf(r.ConnectionsCounted, r.ConnectionsRemaining),
		ConnectionsCut:       knownIf(!r.CutUnknown, r.ConnectionsCut),
		Program:              viewProgram(r.Program),
		OnTrial:              r.OnTrial,
		TrialEndsAt:          instant(r.TrialEndsAt),
		Paused:               viewPause(r.Paused),
		CanaryAddress:        viewCanary(r.CanaryAddress),
		Strategy:             viewStrategy(r),
		Receipt:              viewReceipt(r),
		Error:                viewFailure(r.Failure),
		Assumed:              listOf(r.Assumed),
		Steps:                make([]stepView, 0, len(r.Steps)),
	}
	for _, c := range r.Callers {
		view.Callers = append(view.Callers, callerView{string(c.Trigger), known(c.Reason), known(c.Revision), instant(c.At)})
	}
	for _, s := range r.Steps {
		view.Steps = append(view.Steps, stepView{instant(s.At), s.Action, s.Slot, s.WorkerID, s.Message, viewTook(s.Took), instant(s.StoppedAcceptingAt)})
	}
	return view
}

func viewCanary(list []master.CanaryAddress) (views []canaryView) {
	for _, a := range list {
		views = append(views, canaryView{a.Listener, a.Address})
	}
	return views
}

func viewTimeout(d time.Duration) *string {
	if d == 0 {
		return nil
	}
	text := short(d)
	return &text
}

func viewFailure(f *master.Failure) *failureView {
	if f == nil {
		return nil
	}
	view := &failureView{Code: string(f.Code), Message: f.Message, WorkerID: known(f.WorkerID), Output: listOf(f.Output), Complaints: f.Complaints, RevertFailed: f.Stranded, RevertCheckFailed: f.Unwell, Stopping: f.Stopping}
	if f.WorkerID != "" {
		view.Slot = &f.Slot
	}
	return view
}
