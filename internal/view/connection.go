package view

// Connection is a connection that a worker holds, as the kernel sees it.
type Connection struct {
	ID        string  `json:"id"` // the kernel's cookie of the socket, in hexadecimal
	WorkerID  string  `json:"worker_id"`
	Listener  string  `json:"listener"`
	Remote    *string `json:"remote"` // null for a unix peer without a name
	Local     string  `json:"local"`
	TCPState  string  `json:"tcp_state"`
	State     string  `json:"state"`    // active, idle or half-closed
	IdleMS    *int64  `json:"idle_ms"`  // null for a unix socket
	BytesIn   *uint64 `json:"bytes_in"` // null for a unix socket
	BytesOut  *uint64 `json:"bytes_out"`
	RecvQueue uint32  `json:"recv_queue"` // bytes
	SendQueue uint32  `json:"send_queue"` // bytes
	RTTMicros *int64  `json:"rtt_us"`     // null for a unix socket
}

// Connections is one page of a listing.
type Connections struct {
	Connections []Connection `json:"connections"`
	Next        *string      `json:"next"`                     // the cursor of the next page; null on the last, and in an order that moves
	Truncated   bool         `json:"truncated,omitempty"`      // there are more connections, but this order has no next page
	Unseen      []string     `json:"unseen_workers,omitempty"` // workers whose connections the kernel does not show to the master
}

// CutConnection is a connection that did not end by itself.
type CutConnection struct {
	ID       string  `json:"id"`
	WorkerID string  `json:"worker_id"`
	Listener string  `json:"listener"`
	Remote   *string `json:"remote"`  // null for a unix peer without a name
	State    string  `json:"state"`   // as of a connection
	IdleMS   *int64  `json:"idle_ms"` // null for a unix socket
	How      string  `json:"how"`     // cut or dropped
}

// Closed answers a request to close one connection.
type Closed struct {
	Connection Connection `json:"connection"` // as it was
	How        string     `json:"how"`        // shutdown or destroyed
}

// Evicted answers a request to close a worker's idle connections.
type Evicted struct {
	Evicted     int          `json:"evicted"`
	Connections []Connection `json:"connections"` // as they were, at most 100
	Failed      []NotClosed  `json:"failed"`      // at most 100
}

// NotClosed is a connection that could not be closed.
type NotClosed struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

// Holding is what keeps a draining worker from leaving. Its numbers are null if the kernel does not tell.
type Holding struct {
	Connections *int        `json:"connections"`
	Active      *int        `json:"active"`
	Idle        *int        `json:"idle"`
	HalfClosed  *int        `json:"half_closed"`
	Oldest      *Connection `json:"oldest"` // quiet for the longest; null for none
	Peers       []string    `json:"peers"`  // some remote addresses, those quiet for the longest first

	HoldsText string `json:"holds_text"` // the numbers in words
	PeersText string `json:"peers_text"` // the oldest and its peers in words; "" for none
}

// WaitingFor is a draining worker that a reload waits for.
type WaitingFor struct {
	WorkerID   string `json:"worker_id"`
	Slot       int    `json:"slot"`
	Generation int    `json:"generation"`
	Holding
}
