package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// stream is an open event stream.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

// event is one event of a stream; Name is that of the wire.
type event struct {
	Name     string `json:"-"`
	ID       string `json:"-"`
	Seq      uint64
	Type     string
	ReloadID string `json:"reload_id"`
	Draining int
	Message  string
	Worker   *workerView
	From     string // the state before
	Reload   *reloadView
	Text     string // of a line of a worker's log
}

// open starts an event stream, as `curl -N` would.
func (r *rota) open(method, path string, header ...string) *stream {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	request, err := http.NewRequestWithContext(ctx, method, r.admin+path, http.NoBody)
	require.NoError(r.t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(r.t, err)
	require.Equal(r.t, http.StatusOK, response.StatusCode)
	require.Equal(r.t, "text/event-stream", response.Header.Get("Content-Type"))
	s := &stream{t: r.t, lines: bufio.NewScanner(response.Body), close: func() { cancel(); response.Body.Close() }}
	s.lines.Buffer(nil, 1<<20)
	r.t.Cleanup(s.close)
	return s
}

// next returns the next event, and io.EOF at the orderly end of the stream.
func (s *stream) next() (event, error) {
	s.t.Helper()
	var e event
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			require.NoError(s.t, json.Unmarshal([]byte(value), &e), value)
		case "":
			if e.Name != "" {
				return e, nil
			}
		}
	}
	if err := s.lines.Err(); err != nil {
		return e, err
	}
	return e, io.EOF
}

// rest reads to the end of the stream.
func (s *stream) rest() []event {
	s.t.Helper()
	var list []event
	for {
		e, err := s.next()
		if err != nil {
			require.ErrorIs(s.t, err, io.EOF)
			return list
		}
		list = append(list, e)
	}
}

func (s *stream) until(name string) event {
	s.t.Helper()
	for {
		e, err := s.next()
		require.NoError(s.t, err, "waiting for %s", name)
		if e.Name == name {
			return e
		}
	}
}

func TestAReloadTellsItsProgressAsItHappens(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	held := hold(t, "tcp", r.tcp, 1)
	s := r.open(http.MethodPost, "/reload", "Accept", "text/event-stream")
	require.Equal(t, "reload.queued", s.until("reload.queued").Type)
	// The held connection keeps the reload from ending: what is read now was sent before the end.
	live := s.until("reload.live")
	var now reloadView
	r.get("/reloads/"+live.ReloadID, &now)
	require.Equal(t, "live", now.State)
	require.NoError(t, leave(held[0]))
	rest := s.rest()
	require.Equal(t, "reload.completed", rest[len(rest)-1].Name, "the stream ends with the terminal event")
	for _, e := range rest {
		require.Equal(t, live.ReloadID, e.ReloadID)
	}
	again := r.open(http.MethodGet, "/reloads/"+live.ReloadID+"/events").rest()
	require.Equal(t, "reload.queued", again[0].Name)
	require.Equal(t, rest[len(rest)-1], again[len(again)-1])
}

func TestAStreamCanBeTakenUpWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	whole := r.open(http.MethodGet, "/events?after=0")
	r.reload("")
	first := []event{whole.until("master.started")}
	for first[len(first)-1].Name != "reload.live" {
		e, err := whole.next()
		require.NoError(t, err)
		first = append(first, e)
	}
	whole.close()
	r.reload("")

	resumed := r.open(http.MethodGet, "/events", "Last-Event-ID", first[len(first)-1].ID)
	seq := first[len(first)-1].Seq
	for i, e := range first {
		require.Equal(t, uint64(i+1), e.Seq)
	}
	for completed := 0; completed < 2; {
		e, err := resumed.next()
		require.NoError(t, err)
		require.Equal(t, seq+1, e.Seq, "no gap and no double")
		seq = e.Seq
		if e.Name == "reload.completed" {
			completed++
		}
	}
	lost := r.open(http.MethodGet, "/events", "Last-Event-ID", "999999999")
	e, err := lost.next()
	require.NoError(t, err)
	require.Equal(t, "events.lost", e.Name)
}

func TestStreamsSeeTheShutdownAndThenEnd(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	s := r.open(http.MethodGet, "/events")
	r.signal(syscall.SIGTERM)
	exits := 0
	for _, e := range s.rest() {
		if e.Name == "worker.exited" {
			exits++
		}
	}
	require.Equal(t, 2, exits)
	require.Zero(t, r.exitCode(), "a watcher does not hold up the end")
}
