package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeAPI answers like the admin API of a master: each path with what the test put there.
type fakeAPI struct {
	mu      sync.Mutex
	answers map[string]fakeAnswer // by "METHOD path"
	asked   []string              // method, address and body
	header  http.Header           // of the last POST
	server  *httptest.Server
}

type fakeAnswer struct {
	status int
	body   string // JSON, or the events of a stream
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	f := &fakeAPI{answers: map[string]fakeAnswer{}}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

// on has the fake answer like this.
func (f *fakeAPI) on(request string, status int, body string) *fakeAPI {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[request] = fakeAnswer{status, body}
	return f
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	answer, known := f.answers[r.Method+" "+r.URL.Path]
	if r.Method != http.MethodGet {
		f.asked = append(f.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL, body)))
		f.header = r.Header
	}
	f.mu.Unlock()
	if !known {
		answer = fakeAnswer{http.StatusNotFound, problemJSON(http.StatusNotFound, "nothing is at "+r.URL.Path)}
	}
	switch {
	case answer.status >= http.StatusBadRequest:
		w.Header().Set("Content-Type", "application/problem+json")
	case strings.HasPrefix(answer.body, "id: "):
		w.Header().Set("Content-Type", "text/event-stream")
	default:
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(answer.status)
	fmt.Fprint(w, answer.body)
}

func problemJSON(status int, detail string) string {
	content, _ := json.Marshal(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
	return string(content)
}

// aStatus is what GET /status answers, with further members.
func aStatus(more string) string {
	return `{"pid":42,"version":"v1","uptime_seconds":61.5,"generation":2,"pool":{"size":2,"ready":2,"starting":0,"draining":1}` + more + `}`
}

// run runs rota with the arguments against the fake.
func (f *fakeAPI) run(args ...string) (stdout, stderr string, code int) {
	return runRota(append(args, "--admin", strings.TrimPrefix(f.server.URL, "http://"))...)
}

// runRota runs rota with the arguments; the error that main prints is in stderr.
func runRota(args ...string) (stdout, stderr string, code int) {
	root := rootCommand()
	var out, messages bytes.Buffer
	root.SetArgs(args)
	code = execute(root, &out, &messages)
	return out.String(), messages.String(), code
}

const (
	reloadID = "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
	otherID  = "0199a1b2-0000-7000-8000-00000000000b"
	workerID = "0199a1b2-1111-7111-8111-111111111111"
)

// reloadJSON is a reload of two slots in a state; more are further members.
func reloadJSON(state string, more ...string) string {
	members := append([]string{
		`"id":"` + reloadID + `"`, `"state":"` + state + `"`, `"generation":3`, `"revision":"v2"`,
		`"requested_at":"2026-11-22T08:00:00.000Z"`, `"started_at":"2026-11-22T08:00:00.000Z"`, `"live_at":"2026-11-22T08:00:01.500Z"`,
		`"finished_at":"2026-11-22T08:00:02.000Z"`, `"replaced":2`, `"total":2`,
	}, more...)
	return "{" + strings.Join(members, ",") + "}"
}

// receiptJSON is what was measured, of a reload that lost this many connections.
func receiptJSON(cut int, lossless bool, losses ...string) string {
	list, _ := json.Marshal(losses)
	return fmt.Sprintf(`"receipt":{"probes":{"sent":120,"ok":120,"refused":0,"reset":0,"unanswered":0,"slowest_ms":1.44},`+
		`"listen_overflows":0,"listen_drops":0,"deepest_queue":3,"connections":{"drained":40,"cut":%d,"dropped":0,"evicted":1},`+
		`"cut_connections":[],"workers_died":0,"checks":{"passed":12,"failed":0,"of":2,"reached":2,"not_reached":[]},"lossless":%t,"losses":%s}`, cut, lossless, list)
}

// answeredJSON is a receipt with these probes.
func answeredJSON(probes, lossless string) string {
	text := strings.Replace(receiptJSON(0, true), `"lossless":true`, `"unproven":["nothing was proven: none of 38 probes was answered"],"lossless":`+lossless, 1)
	return strings.Replace(text, `"sent":120,"ok":120,"refused":0,"reset":0,"unanswered":0,"slowest_ms":1.44`, `"refused":0,"reset":0,`+probes, 1)
}

// eventsOf is a stream that ends with the reload in that view.
func eventsOf(view string) string {
	events := []string{
		"id: 1\nevent: reload.queued\ndata: {\"time\":\"2026-11-22T08:00:00.000Z\",\"reload\":{\"state\":\"queued\",\"total\":2}}\n\n",
		"id: 2\nevent: worker.ready\ndata: {\"time\":\"2026-11-22T08:00:00.000Z\"}\n\n",
		"id: 3\nevent: reload.progress\ndata: {\"time\":\"2026-11-22T08:00:01.000Z\",\"reload\":{\"state\":\"rolling\",\"replaced\":1,\"total\":2,\"draining\":1,\"connections_remaining\":3}}\n\n",
	}
	return strings.Join(events, "") + "id: 4\nevent: reload.progress\ndata: {\"time\":\"2026-11-22T08:00:02.000Z\",\"reload\":" + view + "}\n\n"
}

// reloading is a fake whose reload is in that view when it was asked for.
func reloading(t *testing.T, view string) *fakeAPI {
	t.Helper()
	require.True(t, json.Valid([]byte(view)), view)
	return newFakeAPI(t).
		on("POST /reload", http.StatusAccepted, reloadJSON("rolling")).
		on("GET /reloads/"+reloadID, http.StatusOK, view).
		on("GET /reloads/"+reloadID+"/events", http.StatusOK, eventsOf(view))
}
