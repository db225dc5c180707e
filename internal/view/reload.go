package view

// Reload is one reload: what was asked, how far it is, and how it ended.
type Reload struct {
	ID                   string          `json:"id"`
	State                string          `json:"state"`
	Generation           int             `json:"generation"`
	Trigger              string          `json:"trigger"`
	Reason               *string         `json:"reason"`
	Revision             *string         `json:"revision"`
	StartTimeout         *string         `json:"start_timeout"` // null: the master's own
	DrainTimeout         *string         `json:"drain_timeout"`
	Callers              []Caller        `json:"callers"`       // the first and the last 16, oldest first; null in events before the last
	CallersTotal         int             `json:"callers_total"` // how many asked for it
	RequestedAt          Instant         `json:"requested_at"`
	StartedAt            Instant         `json:"started_at"`
	CanaryAt             Instant         `json:"canary_at"`   // when its canary was ready and had passed its checks
	PromotedAt           Instant         `json:"promoted_at"` // when the pause after the canary ended, or somebody skipped it
	LiveAt               Instant         `json:"live_at"`
	FinishedAt           Instant         `json:"finished_at"`
	Replaced             int             `json:"replaced"`
	Total                int             `json:"total"`
	Serving              *int            `json:"serving"` // slots that a worker of any generation serves, or served when the reload ended
	Draining             int             `json:"draining"`
	ConnectionsRemaining *int            `json:"connections_remaining"` // null until they were counted
	ConnectionsCut       *int            `json:"connections_cut"`       // null if the kernel did not tell
	Program              *Program        `json:"program,omitempty"`     // absent until it is known, and in events before the last
	OnTrial              bool            `json:"on_trial"`              // it may still go back
	TrialEndsAt          Instant         `json:"trial_ends_at"`         // null unless it soaks
	Paused               *Pause          `json:"paused"`
	CanaryAddress        []CanaryAddress `json:"canary_address"` // null unless its canary is on trial
	Strategy             *Strategy       `json:"strategy"`       // null until its plan is made
	Receipt              *Receipt        `json:"receipt"`        // null until it has begun
	Error                *Failure        `json:"error"`

	Assumed []string `json:"assumed"` // why readiness of its workers was assumed, each reason once

	WaitingFor []WaitingFor `json:"waiting_for,omitzero"` // only where the reload is asked for by its id

	Steps []Step `json:"steps"` // null in events before the last

	StateText string `json:"state_text"` // the state in one or two words, such as "on trial"
}

// Caller is one of the requests that the reload answers.
type Caller struct {
	Trigger     string  `json:"trigger"`
	Reason      *string `json:"reason"`
	Revision    *string `json:"revision"`
	RequestedAt Instant `json:"requested_at"`
}

// CanaryAddress is an address at which only the canary of a reload answers.
type CanaryAddress struct {
	Listener string `json:"listener"`
	Address  string `json:"address"` // 127.0.0.1:PORT, for any user of the machine
}

// Failure is why a reload failed, or, if it is completed, why it is unstable.
type Failure struct {
	Code     string   `json:"code"` // "" from an older master
	Message  string   `json:"message"`
	WorkerID *string  `json:"worker_id"` // null when no worker is to blame
	Slot     *int     `json:"slot"`
	Output   []string `json:"output"` // the worker's last lines; oldest first within stdout and within stderr

	Complaints []string `json:"complaints,omitempty"` // each mistake, where there are several

	RevertFailed      bool `json:"revert_failed"`       // the generation before does not serve every slot again
	RevertCheckFailed bool `json:"revert_check_failed"` // it serves again, but does not pass the checks
	Stopping          bool `json:"stopping"`            // the master was told to stop: no generation serves
}

// Step is one thing that happened to a worker because of the reload.
type Step struct {
	Time     Instant `json:"time"`
	Action   string  `json:"action"`
	Slot     int     `json:"slot"`
	WorkerID string  `json:"worker_id"`
	Message  string  `json:"message"`
	TookMS   *int64  `json:"took_ms"` // how long starting took (ready) or draining (exited); else null

	StoppedAcceptingAt Instant `json:"stopped_accepting_at"` // of draining; null if not known
}

// Pause is why a reload waits.
type Pause struct {
	Why   string  `json:"why"` // canary, between or asked
	Since Instant `json:"since"`
	Until Instant `json:"until"` // null: until somebody says so
}

// Strategy is how a reload replaces the workers.
type Strategy struct {
	Surge        string `json:"surge"`         // a number of workers, or a percentage
	SurgeWorkers int    `json:"surge_workers"` // how many that is
	Canary       int    `json:"canary"`        // slots that change first; 0: none
	CanarySoak   string `json:"canary_soak"`   // 0s: until it is promoted
	PauseBetween string `json:"pause_between"`
	Soak         string `json:"soak"`
}

// Ended reports whether the reload has ended.
func (r Reload) Ended() bool {
	return r.State == "completed" || r.State == "failed" || r.State == "aborted"
}

// Unstable reports whether the reload is completed, but its workers do not stay.
func (r Reload) Unstable() bool { return r.State == "completed" && r.Error != nil }

// Live reports whether the new generation serves in every slot and has passed its trial.
func (r Reload) Live() bool {
	return r.State == "completed" || r.State == "live" && !r.OnTrial
}

// CanaryReached reports whether the canary was ready and passed its checks, and was not taken back since.
func (r Reload) CanaryReached() bool {
	return !r.CanaryAt.IsZero() && (r.State == "rolling" || r.State == "live" || r.State == "completed")
}

// CanarySkipped reports whether somebody made the reload go on before its canary was reached.
func (r Reload) CanarySkipped() bool { return !r.PromotedAt.IsZero() && r.CanaryAt.IsZero() }

// Canaryless reports whether the reload is known to have no canary.
func (r Reload) Canaryless() bool { return r.Strategy != nil && r.Strategy.Canary == 0 }

// Lossy reports whether anything was lost, as far as is known by now.
func (r Reload) Lossy() bool {
	if r.ConnectionsCut != nil && *r.ConnectionsCut > 0 {
		return true
	}
	return r.Receipt != nil && (len(r.Receipt.Losses) > 0 || r.Receipt.Lossless != nil && !*r.Receipt.Lossless)
}
