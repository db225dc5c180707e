package admin

import (
	"rota/internal/master"
)

// eventView is the data of an event on the wire.
type eventView struct {
	Seq      uint64      `json:"seq"`
	Time     instant     `json:"time"`
	Type     string      `json:"type"`
	ReloadID *string     `json:"reload_id"` // of the reload that caused it
	Worker   *workerCore `json:"worker,omitempty"`
	Reload   *reloadView `json:"reload,omitempty"`
	*progressView
	PoolSize       int    `json:"pool_size,omitempty"` // in pool.scaled, as the next
	PoolSizeBefore int    `json:"pool_size_before,omitempty"`
	From           string `json:"from,omitempty"` // the state before; only when it is another now
	Message        string `json:"message"`        // one sentence for a human
}

// progressView is what reload.progress says at the top, where a script finds it.
type progressView struct {
	Replaced             int  `json:"replaced"`
	Total                int  `json:"total"`
	Draining             int  `json:"draining"`
	ConnectionsRemaining *int `json:"connections_remaining"` // null until they were counted
}

// lostView is the data of events.lost: the answer can't be complete.
type lostView struct {
	Message string `json:"message"`
	After   uint64 `json:"after"` // the last event that the client has seen
}

func viewEvent(e master.Event) eventView {
	view := eventView{
		Seq:            e.Seq,
		Time:           instant(e.Time),
		Type:           string(e.Type),
		ReloadID:       known(e.ReloadID),
		Reload:         viewReloadOrNil(e.Reload),
		PoolSize:       e.Workers,
		PoolSizeBefore: e.Before,
		Message:        e.Message,
	}
	switch {
	case e.Worker != nil:
		core := viewWorkerCore(*e.Worker)
		view.Worker, view.From = &core, changed(e.From, core.State)
	case e.Reload != nil:
		view.From = changed(e.From, view.Reload.State)
		if !e.Reload.State.Terminal() {
			view.Reload.Steps, view.Reload.Callers, view.Reload.Program = nil, nil, nil // they come with the last event
		}
	}
	if e.Type == master.EventReloadProgress {
		r := view.Reload
		view.progressView = &progressView{r.Replaced, r.Total, r.Draining, r.ConnectionsRemaining}
	}
	return view
}

// changed is the state before a transition; "" when there was none.
func changed(from, to string) string {
	if from == to {
		return ""
	}
	return from
}

// endsReload reports whether the event is the last one of its reload.
func endsReload(e master.Event) bool {
	return e.Type == master.EventReloadCompleted || e.Type == master.EventReloadFailed || e.Type == master.EventReloadAborted
}

// encodeEvent is an event in one line of JSON.
func encodeEvent(e master.Event) ([]byte, error) { return encodeJSON(viewEvent(e)) }
