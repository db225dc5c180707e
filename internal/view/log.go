package view

// WorkerLog is what a worker printed last.
type WorkerLog struct {
	WorkerID string    `json:"worker_id"`
	Lines    []LogLine `json:"lines"`
	Printed  uint64    `json:"printed"`  // lines in all, which is the number of the last
	Unlogged uint64    `json:"unlogged"` // lines missing from rota's log, because there were too many
}

// LogLine is a line that a worker printed, and the data of log.line.
type LogLine struct {
	Number uint64  `json:"number"`
	Time   Instant `json:"time"`
	Stream string  `json:"stream"` // stdout or stderr
	Text   string  `json:"text"`
}

// LogLost is the data of log.lost: lines are missing here.
type LogLost struct {
	Message string  `json:"message"`
	After   uint64  `json:"after"` // the last line before the gap
	Lines   *uint64 `json:"lines"` // how many are missing; null if the client's number was wrong
}

// LogEnd is the data of log.end: the worker is gone.
type LogEnd struct {
	WorkerID string `json:"worker_id"`
	Printed  uint64 `json:"printed"`
	Unlogged uint64 `json:"unlogged"`
	Exit     *Exit  `json:"exit"`
}
