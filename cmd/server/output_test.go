package main

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// full takes nothing, like a disk without room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// runFull runs rota with an output that takes nothing.
func runFull(args ...string) (stderr string, code int) {
	root := rootCommand()
	var messages bytes.Buffer
	root.SetArgs(args)
	code = execute(root, full{}, &messages)
	return messages.String(), code
}

func TestAReloadWhoseOutputIsLostKeepsItsExitCode(t *testing.T) {
	for name, c := range map[string]struct {
		view, args string
		code       int
	}{
		"completed":        {reloadJSON("completed", receiptJSON(0, true)), "", 0},
		"completed, JSON":  {reloadJSON("completed", receiptJSON(0, true)), "--json", 0},
		"failed, JSON":     {reloadJSON("failed"), "--json", 1},
		"cut, JSON":        {reloadJSON("completed", receiptJSON(1, false)), "--json", 4},
		"aborted, JSON":    {reloadJSON("aborted"), "--json", 5},
		"time is up, JSON": {reloadJSON("live"), "--json --timeout 1s", 124},
		"not waited for":   {reloadJSON("live"), "--wait=none", 0},
	} {
		f := reloading(t, c.view)
		stderr, code := runFull(append([]string{"reload", "--admin", strings.TrimPrefix(f.server.URL, "http://")}, strings.Fields(c.args)...)...)
		require.Equal(t, c.code, code, "%s: %s", name, stderr)
		require.Equal(t, 1, strings.Count(stderr, "rota: the output was lost: no space left on device"), "%s: %s", name, stderr)
		require.Contains(t, stderr, reloadID, "%s: what is known is said there", name)
	}
}

func TestAnyOtherCommandWhoseOutputIsLostHasFailed(t *testing.T) {
	f := aFullHouse(t).
		on("GET /workers/"+workerID, http.StatusOK, `{"id":"`+workerID+`","state":"ready"}`).
		on("GET /workers/"+workerID+"/logs", http.StatusOK, `{"worker_id":"w","lines":[{"number":1,"text":"x"}]}`).
		on("GET /workers/0199a1b2-bbbb/logs", http.StatusOK, `{"worker_id":"w","lines":[]}`).
		on("GET /workers/0199a1b2-aaaa/logs", http.StatusOK, `{"worker_id":"w","lines":[]}`).
		on("PUT /scale", http.StatusOK, `{"workers":8,"before":4}`).
		on("GET /connections", http.StatusOK, `{"connections":[],"next":null}`).
		on("POST /workers/"+workerID+"/rotate", http.StatusAccepted, `{"worker":{"id":"n","state":"starting"},"replaces":"w"}`).
		on("POST /workers/"+workerID+"/evict", http.StatusOK, `{"evicted":2,"connections":[],"failed":[]}`).
		on("DELETE /connections/1f", http.StatusOK, `{"connection":{"id":"1f"},"how":"shutdown"}`).
		on("POST /reloads/"+reloadID+"/abort", http.StatusAccepted, reloadJSON("reverting")).
		on("GET /reloads", http.StatusOK, `{"reloads":[],"next":null}`).
		on("GET /reloads/"+reloadID, http.StatusOK, reloadJSON("live")).
		on("GET /events", http.StatusOK, "id: 1\nevent: worker.ready\ndata: {\"seq\":1}\n\n")
	address := strings.TrimPrefix(f.server.URL, "http://")
	for _, args := range []string{
		"status", "status --watch", "workers", "workers slot:0", "logs", "logs slot:0", "scale 8", "connections", "rotate slot:0", "evict slot:0 --idle=1s",
		"evict --connection 1f", "abort " + reloadID, "history", "history " + reloadID, "events",
	} {
		for _, form := range []string{"", " --json"} {
			stderr, code := runFull(append(strings.Fields(args+form), "--admin", address)...)
			require.Equal(t, 1, code, args+form)
			require.Equal(t, "rota: the output was lost: no space left on device\n", stderr, args+form)
		}
	}
	t.Setenv("ROTA_ADMIN", "127.0.0.1:1")
	for _, args := range []string{"version", "--version", "--help", "help", "reload --help", "completion bash", "config check", "config show", "config show --json", "config schema"} {
		stderr, code := runFull(strings.Fields(args)...)
		require.Equal(t, 1, code, args)
		require.Equal(t, "rota: the output was lost: no space left on device\n", stderr, args)
	}
}
