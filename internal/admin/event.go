package admin

import (
	"encoding/json"

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
	PoolSize int    `json:"pool_size,omitempty"` // in pool.scaled
	From     string `json:"from,omitempty"`      // the state before
	Message  string `json:"message"`             // one sentence for a human
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
		Seq:      e.Seq,
		Time:     instant(e.Time),
		Type:     string(e.Type),
		ReloadID: known(e.ReloadID),
		Reload:   viewReloadOrNil(e.Reload),
		PoolSize: e.Workers,
		From:     e.From,
		Message:  e.Message,
	}
	if e.Worker != nil {
		core := viewWorkerCore(*e.Worker)
		view.Worker = &core
	}
	if e.Reload == nil {
		return view
	}
	if e.Reload.Steps == nil {
		view.Reload.Steps = nil // they come with the last event
	}
	if e.Type == master.EventReloadProgress {
		view.progressView = &progressView{e.Reload.Replaced, e.Reload.Total, e.Reload.Draining, viewRemaining(*e.Reload)}
	}
	return view
}

// endsReload reports whether the event is the last one of its reload.
func endsReload(e master.Event) bool {
	return e.Type == master.EventReloadCompleted || e.Type == master.EventReloadFailed || e.Type == master.EventReloadAborted
}

// encodeEvent is an event in one line of JSON.
func encodeEvent(e master.Event) ([]byte, error) { return json.Marshal(viewEvent(e)) }
