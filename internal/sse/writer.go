// Package sse is server-sent events: the stream of events that a browser's EventSource reads.
//
// A Writer sends each event as it happens and drops a reader that does not take it in time.
// Follow is the loop of every stream: it passes on what a channel brings, sends a comment when
// nothing happens, so that no proxy hangs up, and ends when the reader leaves, the channel is
// closed or the server shuts down. A reader that comes back says in Last-Event-ID which event
// it saw last. A Reader is the other end: it takes such a stream apart.
//
// The package knows nothing of what the events mean.
package sse

import (
	"net/http"
	"strconv"
	"time"
)

// ContentType is the media type of a stream.
const ContentType = "text/event-stream"

// Writer writes events. A reader that does not take one within the timeout is an error.
type Writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	buffer  []byte
}

// Headers sets the headers of a stream: no proxy shall hold it back, keep it or compress it.
func Headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
}

// Open begins the answer, and asks the reader to come back a second after it ends. The connection
// must have no deadline for reading.
func Open(w http.ResponseWriter, timeout time.Duration) (*Writer, error) {
	Headers(w)
	w.WriteHeader(http.StatusOK)
	s := &Writer{w: w, control: http.NewResponseController(w), timeout: timeout}
	return s, s.send([]byte("retry: 1000\n\n"))
}

func (s *Writer) send(text []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout)) // a recorder in a test has no deadline
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}

// Comment sends what readers ignore, so that nobody takes the silence for an end.
func (s *Writer) Comment() error { return s.send([]byte(":\n\n")) }

// Event sends an event; data is one line.
func (s *Writer) Event(id, name string, data []byte) error {
	s.Add(id, name, data)
	return s.Flush()
}

// Add puts an event into the buffer. With the id "" the reader's Last-Event-ID stays what it is.
func (s *Writer) Add(id, name string, data []byte) {
	if id != "" {
		s.buffer = append(append(s.buffer, "id: "...), id...)
		s.buffer = append(s.buffer, '\n')
	}
	s.buffer = append(append(s.buffer, "event: "...), name...)
	s.buffer = append(append(s.buffer, "\ndata: "...), data...)
	s.buffer = append(s.buffer, "\n\n"...)
}

// Buffered is how many bytes were added and not sent.
func (s *Writer) Buffered() int { return len(s.buffer) }

// Flush sends what was added.
func (s *Writer) Flush() error {
	text := s.buffer
	s.buffer = s.buffer[:0]
	if len(text) == 0 {
		return nil
	}
	return s.send(text)
}

// ID is a number as the id of an event.
func ID(n uint64) string { return strconv.FormatUint(n, 10) }

// LastEventID is the id of the last event that the reader saw; "" when it saw none.
func LastEventID(r *http.Request) string { return r.Header.Get("Last-Event-ID") }
