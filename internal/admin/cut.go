package admin

import "rota/internal/master"

// cutView is a connection that did not end by itself.
type cutView struct {
	ID       string  `json:"id"`
	WorkerID string  `json:"worker_id"`
	Listener string  `json:"listener"`
	Remote   *string `json:"remote"`  // null for a unix peer without a name
	State    string  `json:"state"`   // as of a connection
	IdleMS   *int64  `json:"idle_ms"` // null for unix sockets
	How      string  `json:"how"`     // cut or dropped
}

func viewCut(list []master.CutConnection) []cutView {
	views := make([]cutView, 0, len(list))
	for _, c := range list {
		view := cutView{ID: c.ID, WorkerID: c.WorkerID, Listener: c.Listener, Remote: known(c.Remote), State: c.State, How: string(c.How)}
		if c.Idle >= 0 {
			view.IdleMS = new(c.Idle.Milliseconds())
		}
		views = append(views, view)
	}
	return views
}
