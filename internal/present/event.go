package present

import (
	"rota/internal/record"
	"rota/internal/view"
)

// Event is the view of an event.
func Event(e record.Event) view.Event {
	v := view.Event{
		Seq:            e.Seq,
		Time:           view.At(e.Time),
		Type:           string(e.Type),
		ReloadID:       known(e.ReloadID),
		Reload:         reloadOrNil(e.Reload),
		PoolSize:       e.Workers,
		PoolSizeBefore: e.Before,
		Message:        e.Message,
	}
	switch {
	case e.Worker != nil:
		core := workerCore(*e.Worker)
		v.Worker, v.From = &core, changed(e.From, core.State)
	case e.Reload != nil:
		v.From = changed(e.From, v.Reload.State)
		if !e.Reload.State.Terminal() {
			v.Reload.Steps, v.Reload.Callers, v.Reload.Program = nil, nil, nil // they come with the last event
		}
	}
	if r := v.Reload; e.Type == record.EventReloadProgress {
		v.Progress = &view.Progress{Replaced: r.Replaced, Total: r.Total, Draining: r.Draining, ConnectionsRemaining: r.ConnectionsRemaining}
	}
	return v
}

// changed is the state before a transition; "" when the event changed none.
func changed(from, to string) string {
	if from == to {
		return ""
	}
	return from
}
