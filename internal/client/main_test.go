package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long something that will happen may take on a noisy machine.
const patience = time.Minute

// masterOf is a client of a server that answers like this.
func masterOf(t *testing.T, handler http.Handler) (*Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := clientOf(t, strings.TrimPrefix(server.URL, "http://"))
	return c, server
}

func clientOf(t *testing.T, address string) *Client {
	t.Helper()
	c, err := New(address)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	c.times = times{answer: patience, pause: time.Millisecond, patience: patience, silence: patience, look: time.Millisecond}
	return c
}

func writeJSON(w http.ResponseWriter, status int, view any) {
	w.Header().Set("Content-Type", "application/json")
	if status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(view)
}

func problemJSON(status int, detail string) map[string]any {
	return map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}
}

// put writes an event and sends it on its way.
func put(w http.ResponseWriter, id int, name, data string) {
	fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", id, name, data)
	_ = http.NewResponseController(w).Flush()
}

func beginStream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
}

// cut breaks the connection off, as a master does that is killed.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// asked counts what a server was asked, and keeps a header of each request.
type asked struct {
	mu   sync.Mutex
	seen []string
}

func (a *asked) add(s string) (before int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, s)
	return len(a.seen) - 1
}

func (a *asked) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.seen...)
}
