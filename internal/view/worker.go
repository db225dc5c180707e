package view

// WorkerCore is what the master itself knows of a worker. Events carry it.
type WorkerCore struct {
	ID         string  `json:"id"`
	Slot       int     `json:"slot"`
	Generation int     `json:"generation"`
	Revision   *string `json:"revision"`
	PID        *int    `json:"pid"` // null until it was forked
	State      string  `json:"state"`
	Status     *string `json:"status"` // the latest STATUS= it sent
	StartedAt  Instant `json:"started_at"`
	ReadyAt    Instant `json:"ready_at"`
	DrainingAt Instant `json:"draining_at"`
	ExitedAt   Instant `json:"exited_at"`

	StoppedAcceptingAt Instant `json:"stopped_accepting_at"` // when it was seen to stop accepting; null if not known

	Restarts    int     `json:"restarts"`    // deaths in its slot before it
	Predecessor *string `json:"predecessor"` // the worker that died before it in its slot; null for none
	Exit        *Exit   `json:"exit"`        // null until it is gone

	Readiness *Readiness `json:"readiness"` // null until it was ready

	StateText string `json:"state_text"` // the state in one or two words, such as "ready (assumed)"
}

// Readiness is why a worker counts as ready.
type Readiness struct {
	By     string `json:"by"` // seen, said, lived or assumed
	Detail string `json:"detail"`
}

// Assumed reports whether readiness was to be seen and was not.
func (r *Readiness) Assumed() bool { return r != nil && r.By == "assumed" }

// Worker is a worker with what only the kernel knows of it.
type Worker struct {
	WorkerCore
	Connections *int     `json:"connections"`
	RSSBytes    *uint64  `json:"rss_bytes"`
	CPUSeconds  *float64 `json:"cpu_seconds"`

	WaitingFor *Holding `json:"waiting_for,omitempty"` // of a draining worker that is asked for by its id

	// Left out of statistics, where they would repeat themselves.
	Processes []Process `json:"processes,omitempty"`
	Program   *Program  `json:"program,omitempty"`
}

// Process is one of a worker's processes; a program that forks has several.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
}

// Program is what the workers of a generation are made from.
type Program struct {
	Path        string   `json:"path"` // without symbolic links
	Directory   string   `json:"directory"`
	Arguments   []string `json:"arguments"`
	Environment []string `json:"environment"` // names
	SHA256      *string  `json:"sha256"`      // null when rota may not read the file
}

// Workers are all workers that are not gone.
type Workers struct {
	Generation int      `json:"generation"` // that serves
	Workers    []Worker `json:"workers"`
}

// Exit is how a worker ended.
type Exit struct {
	Code           *int     `json:"code"`            // null when a signal ended it, or it never ran
	Signal         *string  `json:"signal"`          // such as "SIGKILL"
	Error          *string  `json:"error"`           // why it could not be started
	Output         []string `json:"output"`          // its last lines; oldest first within stdout and within stderr
	ConnectionsCut *int     `json:"connections_cut"` // null if the kernel did not tell

	CutConnections []CutConnection `json:"cut_connections"` // not all, if there are very many

	Text string `json:"text"` // how it ended, such as "exited with code 3"
}

// Rotated answers a request to replace one worker.
type Rotated struct {
	Worker   Worker `json:"worker"`   // the one that starts
	Replaces string `json:"replaces"` // the id of the one that leaves once the new one is ready
}
