package view

import "time"

// Status is the state of the master and its pool.
type Status struct {
	PID           int           `json:"pid"` // of the master
	Version       string        `json:"version"`
	StartedAt     Instant       `json:"started_at"`
	UptimeSeconds float64       `json:"uptime_seconds"`
	Generation    int           `json:"generation"` // that serves
	Pool          Pool          `json:"pool"`
	Stopping      bool          `json:"stopping"`
	Ready         bool          `json:"ready"`         // as /readyz says
	CrashLooping  []int         `json:"crash_looping"` // slots
	Waiting       []WaitingSlot `json:"waiting"`       // slots without a worker, by number
	Missing       []string      `json:"missing"`       // what a worker needs and was deleted, or why clients cannot reach a listener, a sentence each
	Listeners     []Listener    `json:"listeners"`
	Totals        Totals        `json:"totals"`
	Reload        *Reload       `json:"reload"` // the one that rotates or drains; null for none

	Alarms []string `json:"alarms"` // what needs attention, a phrase each; [] when all is well
}

// Uptime is how long the master had run, in whole seconds.
func (s Status) Uptime() time.Duration {
	return time.Duration(s.UptimeSeconds * float64(time.Second)).Truncate(time.Second)
}

// Now is the master's clock when the status was taken.
func (s Status) Now() time.Time {
	if s.StartedAt.IsZero() {
		return time.Now()
	}
	return s.StartedAt.Add(time.Duration(s.UptimeSeconds * float64(time.Second)))
}

// Pool counts slots and workers.
type Pool struct {
	Size     int `json:"size"` // slots
	Ready    int `json:"ready"`
	Starting int `json:"starting"`
	Draining int `json:"draining"`
}

// Listener is a listening socket and its queue.
type Listener struct {
	Name       string  `json:"name"`
	Network    string  `json:"network"` // tcp, udp, unix or unixgram
	Address    string  `json:"address"`
	QueueDepth *uint32 `json:"queue_depth"` // connections that wait to be accepted; null where there are none, as of udp
	Backlog    *uint32 `json:"backlog"`     // the most that may wait
}

// Totals count since the master started.
type Totals struct {
	WorkersStarted   int  `json:"workers_started"`
	WorkersDied      int  `json:"workers_died"` // without having been told to
	ReloadsCompleted int  `json:"reloads_completed"`
	ReloadsFailed    int  `json:"reloads_failed"`
	ReloadsAborted   int  `json:"reloads_aborted"`
	Connections      *int `json:"connections"` // open now
}

// WaitingSlot is a slot without a worker: the next one is started when its back-off is over.
type WaitingSlot struct {
	Slot    int        `json:"slot"`
	Deaths  int        `json:"deaths"`      // in a row
	NextTry Instant    `json:"next_try_at"` // when the next worker is started; null: an older master does not say
	Last    WorkerCore `json:"last"`        // the last worker that died; its exit is null if it was given up and is not gone yet

	Text string `json:"text"` // how many died and how the last one ended, in words
}

// Scaled answers a request for another pool size.
type Scaled struct {
	Workers int `json:"workers"`
	Before  int `json:"before"`
}
