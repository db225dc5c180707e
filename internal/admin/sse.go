package admin

import (
	"net/http"
	"strconv"
	"time"

	"rota/internal/master"
)

const eventStream = "text/event-stream"

// sseWriter writes server-sent events and sends off each as it happens. A reader that does not
// take one in time is an error, and cut off.
type sseWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	buffer  []byte
}

// streamHeaders are those of an answer that no proxy should hold back, keep or compress.
func streamHeaders(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
}

// openSSE begins the answer, and asks the reader to come back after a second when it ends.
func openSSE(w http.ResponseWriter, timeout time.Duration) (*sseWriter, error) {
	liftTimeouts(w)
	streamHeaders(w)
	w.WriteHeader(http.StatusOK)
	s := &sseWriter{w: w, control: http.NewResponseController(w), timeout: timeout}
	return s, s.send([]byte("retry: 1000\n\n"))
}

func (s *sseWriter) send(text []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout)) // a recorder in a test has none
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}

// comment sends what readers ignore, so that nobody takes the silence for an end.
func (s *sseWriter) comment() error { return s.send([]byte(":\n\n")) }

// event sends one event of the master.
func (s *sseWriter) event(e master.Event) error {
	data, err := encodeEvent(e)
	if err != nil {
		return err
	}
	s.add(strconv.FormatUint(e.Seq, 10), string(e.Type), data)
	return s.flush()
}

// note sends an event that has no number, because it is not of the sequence.
func (s *sseWriter) note(name string, data []byte) error {
	s.add("", name, data)
	return s.flush()
}

func (s *sseWriter) lost(l lostView) error {
	data, err := encodeJSON(l)
	if err != nil {
		return err
	}
	return s.note("events.lost", data)
}

// add puts an event into the buffer; with no id if that is "".
func (s *sseWriter) add(id, name string, data []byte) {
	if id != "" {
		s.buffer = append(append(s.buffer, "id: "...), id...)
		s.buffer = append(s.buffer, '\n')
	}
	s.buffer = append(append(s.buffer, "event: "...), name...)
	s.buffer = append(append(s.buffer, "\ndata: "...), data...)
	s.buffer = append(s.buffer, "\n\n"...)
}

// flush sends what has been added.
func (s *sseWriter) flush() error {
	text := s.buffer
	s.buffer = s.buffer[:0]
	if len(text) == 0 {
		return nil
	}
	return s.send(text)
}
