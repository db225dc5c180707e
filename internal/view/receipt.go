package view

// Receipt is what was measured of a reload, so far or, once it has ended, at all.
type Receipt struct {
	Probes          Probes          `json:"probes"`
	ListenOverflows *int            `json:"listen_overflows"` // null if the kernel did not tell
	ListenDrops     *int            `json:"listen_drops"`     // null if the kernel did not tell
	DeepestQueue    int             `json:"deepest_queue"`    // connections that waited to be accepted
	Connections     Fate            `json:"connections"`
	CutConnections  []CutConnection `json:"cut_connections"` // as far as they are known
	WorkersDied     int             `json:"workers_died"`    // while they served
	Checks          Checks          `json:"checks"`
	Lossless        *bool           `json:"lossless"` // null: unknown
	Losses          []string        `json:"losses"`   // why not, a sentence each
	Unproven        []string        `json:"unproven"` // why it is unknown, likewise
}

// Probes are the connections that rota opened through the listeners during the reload.
type Probes struct {
	Sent       int     `json:"sent"`
	OK         int     `json:"ok"`
	Refused    int     `json:"refused"`
	Reset      int     `json:"reset"`
	Unanswered int     `json:"unanswered"`
	SlowestMS  float64 `json:"slowest_ms"`

	AnsweredBy  *AnsweredBy `json:"answered_by"`
	NotAccepted int         `json:"not_accepted"` // of the unanswered: nobody accepted the connection
	Silent      int         `json:"silent"`       // of the unanswered: accepted, but nothing was said
	BeforeMS    *float64    `json:"before_ms"`    // the slowest sent before the first new worker was started; null: none was answered
	DuringMS    *float64    `json:"during_ms"`    // the slowest sent from then on; null: none was answered
	AfterMS     *float64    `json:"after_ms"`     // the slowest sent after every slot had changed; null: none was answered
	StalledMS   *float64    `json:"stalled_ms"`   // the longest stall; null: none
}

// AnsweredBy says who answered the probes that are ok.
type AnsweredBy struct {
	New     int `json:"new"` // a worker of the reload's generation, or a later one
	Older   int `json:"older"`
	Unknown int `json:"unknown"` // nobody saw who
}

// Fate is what became of the connections of the workers that left. A number is null if the kernel did not
// tell.
type Fate struct {
	Drained *int `json:"drained"` // they ended by themselves
	Cut     *int `json:"cut"`     // rota ended the worker
	Dropped *int `json:"dropped"` // workers lost them; null if there may be more than were seen
	Evicted int  `json:"evicted"` // a caller had them closed

	SeenBy *string `json:"seen_by"` // how rota found out: notifications or states; null until a worker has left
}

// Checks are the checks that the new workers had to pass.
type Checks struct {
	Passed     int          `json:"passed"`
	Failed     int          `json:"failed"`
	Of         *int         `json:"of"`          // new workers to reach; null if no check asks workers
	Reached    *int         `json:"reached"`     // new workers that every check reached; null if that is unknown
	NotReached []NotReached `json:"not_reached"` // workers that no connection has reached
}

// NotReached is a worker that the checks have not reached.
type NotReached struct {
	WorkerID string `json:"worker_id"`
	Slot     int    `json:"slot"`
}
