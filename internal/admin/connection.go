package admin

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
)

type connectionView struct {
	ID        string  `json:"id"` // the kernel's cookie of the socket, in hexadecimal
	WorkerID  string  `json:"worker_id"`
	Listener  string  `json:"listener"`
	Remote    *string `json:"remote"` // null for a unix peer without a name
	Local     string  `json:"local"`
	TCPState  string  `json:"tcp_state"`
	State     string  `json:"state"`
	IdleMS    *int64  `json:"idle_ms"` // null for unix sockets, as the other pointers
	BytesIn   *uint64 `json:"bytes_in"`
	BytesOut  *uint64 `json:"bytes_out"`
	RecvQueue uint32  `json:"recv_queue"` // bytes
	SendQueue uint32  `json:"send_queue"`
	RTTMicros *int64  `json:"rtt_us"`
}

type connectionsView struct {
	Connections []connectionView `json:"connections"`
	Next        *string          `json:"next"`                     // the cursor of the next page; null on the last
	Unseen      []string         `json:"unseen_workers,omitempty"` // whose connections are missing: the kernel doesn't show them to the master
}

func (s *Server) listConnections(w http.ResponseWriter, _ *http.Request, q query) error {
	worker, given := q["worker"]
	if given {
		if _, err := s.master.Worker(worker); err != nil {
			return unknownWorker(worker, err)
		}
	}
	return s.answerConnections(w, q, worker)
}

func (s *Server) listWorkerConnections(w http.ResponseWriter, r *http.Request, q query) error {
	id := chi.URLParam(r, "id")
	if _, err := s.master.Worker(id); err != nil {
		return err
	}
	return s.answerConnections(w, q, id)
}

func (s *Server) answerConnections(w http.ResponseWriter, q query, worker string) error {
	listing, err := s.readListing(q, worker)
	if err != nil {
		return err
	}
	all, err := s.look(listing)
	if err != nil {
		return err
	}
	body, err := s.write(listing, all)
	if err != nil {
		return err
	}
	writeBody(w, "application/json", http.StatusOK, append(body, '\n'))
	return nil
}

// write makes the answer, one at a time: to sort and to encode thousands of connections takes a processor for a while,
// and a rotation needs one too. A rest of the same length follows. Nobody waits here for a client.
func (s *Server) write(l listing, all master.Listing) ([]byte, error) {
	s.listing.Lock()
	began := time.Now()
	defer func() { time.AfterFunc(time.Since(began), s.listing.Unlock) }()
	page, err := s.page(l, all)
	if err != nil {
		return nil, err
	}
	view := connectionsView{Connections: make([]connectionView, len(page.rows)), Next: page.next, Unseen: page.unseen}
	for i, c := range page.rows {
		viewConnection(&view.Connections[i], c)
	}
	return encodeJSON(&view)
}

func viewConnection(view *connectionView, c *master.Connection) {
	*view = connectionView{
		ID:        c.ID(),
		WorkerID:  c.WorkerID,
		Listener:  c.Listener,
		Remote:    known(c.Remote),
		Local:     c.Local,
		TCPState:  c.TCPState,
		State:     string(c.State()),
		RecvQueue: c.RecvQueue,
		SendQueue: c.SendQueue,
	}
	if c.TCP != nil {
		idle, rtt := c.TCP.Idle.Milliseconds(), c.TCP.RTT.Microseconds()
		view.IdleMS, view.RTTMicros = &idle, &rtt
		view.BytesIn, view.BytesOut = &c.TCP.BytesIn, &c.TCP.BytesOut
	}
}
