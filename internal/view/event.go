package view

// Event is something that has happened: the data of a server-sent event.
type Event struct {
	Seq      uint64      `json:"seq"`
	Time     Instant     `json:"time"`
	Type     string      `json:"type"`
	ReloadID *string     `json:"reload_id"` // of the reload that caused it
	Worker   *WorkerCore `json:"worker,omitempty"`
	Reload   *Reload     `json:"reload,omitempty"`
	*Progress
	PoolSize       int    `json:"pool_size,omitempty"`        // only in pool.scaled
	PoolSizeBefore int    `json:"pool_size_before,omitempty"` // only in pool.scaled
	From           string `json:"from,omitempty"`             // the state before, where the event changed it
	Message        string `json:"message"`                    // one sentence
}

// Progress stands at the top of reload.progress, where a script finds it.
type Progress struct {
	Replaced             int  `json:"replaced"`
	Total                int  `json:"total"`
	Draining             int  `json:"draining"`
	ConnectionsRemaining *int `json:"connections_remaining"` // null until they were counted
}

// EventsLost is the data of events.lost: events are missing from the stream.
type EventsLost struct {
	Message string `json:"message"`
	After   uint64 `json:"after"` // the last event that the client has seen
}

// Stats is the data of the event stats.
type Stats struct {
	Status  Status   `json:"status"`
	Workers []Worker `json:"workers"`
}
