package admin

import "rota/internal/master"

// holder tells what keeps draining workers from leaving.
type holder interface {
	Holdings(workers []string) (map[string]master.Holding, error)
	WaitingFor(reload string) ([]master.WaitingFor, error)
}

// holdingView is null in its numbers if the kernel does not tell what the worker holds.
type holdingView struct {
	Connections *int            `json:"connections"`
	Active      *int            `json:"active"`
	Idle        *int            `json:"idle"`
	HalfClosed  *int            `json:"half_closed"`
	Oldest      *connectionView `json:"oldest"` // that has been quiet for the longest
	Peers       []string        `json:"peers"`  // some, those that have been quiet for the longest
}

// waitingForView is a draining worker that a reload waits for.
type waitingForView struct {
	WorkerID   string `json:"worker_id"`
	Slot       int    `json:"slot"`
	Generation int    `json:"generation"`
	holdingView
}

func viewHolding(h *master.Holding) holdingView {
	if h == nil {
		return holdingView{Peers: []string{}}
	}
	view := holdingView{Connections: &h.Connections, Active: &h.Active, Idle: &h.Idle, HalfClosed: &h.HalfClosed, Peers: listOf(h.Peers)}
	if h.Oldest != nil {
		view.Oldest = new(connectionView)
		viewConnection(view.Oldest, h.Oldest)
	}
	return view
}

func viewWaitingFor(list []master.WaitingFor) []waitingForView {
	views := make([]waitingForView, 0, len(list))
	for _, w := range list {
		views = append(views, waitingForView{w.ID, w.Slot, w.Generation, viewHolding(w.Holding)})
	}
	return views
}

// holdingOf is nil for a worker that does not drain.
func (s *Server) holdingOf(w workerCore) *holdingView {
	if w.State != string(master.WorkerDraining) {
		return nil
	}
	holdings, err := s.master.Holdings([]string{w.ID})
	var told *master.Holding
	if h, seen := holdings[w.ID]; err == nil && seen {
		told = &h
	}
	view := viewHolding(told)
	return &view
}
