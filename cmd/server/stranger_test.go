package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/client"
)

// Whatever else may listen where a master was is no master.

// everyCommand is each that talks to a master.
var everyCommand = []string{
	"status", "status --watch", "reload", "reload --wait=none", "reload --follow " + reloadID, "abort " + reloadID, "pause " + reloadID, "resume " + reloadID,
	"promote " + reloadID, "promote --skip-canary " + reloadID, "canary-address", "canary-address " + reloadID, "reload --wait=canary", "abort", "scale 3", "workers", "workers " + workerID, "rotate slot:0", "rotate " + workerID, "connections", "evict slot:0 --idle=1s",
	"evict " + workerID + " --idle=1s", "evict --connection 1f", "logs", "logs -f", "logs " + workerID, "logs -f " + workerID, "events", "history", "history " + reloadID,
}

func askStranger(t *testing.T, handler http.HandlerFunc, command string) (stdout, stderr string, code int) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	return runRota(append(strings.Fields(command), "--admin", strings.TrimPrefix(server.URL, "http://"))...)
}

func TestAStrangerPassesForNoMaster(t *testing.T) {
	says := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"an object":      says("application/json", "{}"),
		"a list":         says("application/json", "[]"),
		"nothing":        says("application/json", "null"),
		"a service":      says("application/json", `{"status":"ok","version":"2","id":"x","state":"up","workers":[{"id":"x"}],"generation":1,"pid":0,"reloads":[{"id":"x"}],"connections":[{}],"lines":[]}`),
		"another deploy": says("application/json", `{"id":"x","state":"completed","generation":1}`),
		"a page":         says("text/html", "<html>"),
		"JSON as text":   says("text/plain", aStatus("")),
		"no content":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"an error":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) },
		"other events":   says("text/event-stream", "data: hello\n\n"),
		"empty stream":   says("text/event-stream", ""),
		"a redirection": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere"+r.URL.Path, http.StatusTemporaryRedirect)
		},
	} {
		for _, command := range everyCommand {
			stdout, stderr, code := askStranger(t, handler, command)
			require.Equal(t, 3, code, "%s: %s: %s", name, command, stderr)
			require.Empty(t, stdout, command)
			require.Contains(t, stderr, "is no rota, or another version of it", "%s: %s", name, command)
		}
	}
}

func TestARedirectionIsNotFollowed(t *testing.T) {
	f := reloading(t, reloadJSON("completed"))
	_, _, code := askStranger(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, f.server.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}, "reload")
	require.Equal(t, 3, code)
	require.Empty(t, f.asked)
}

func TestAnAnswerAboutSomethingElseIsNoAnswer(t *testing.T) {
	f := aFullHouse(t).on("PUT /scale", http.StatusOK, `{"workers":8,"before":4}`).
		on("POST /reloads/"+otherID+"/abort", http.StatusOK, reloadJSON("live")).on("GET /reloads/"+otherID, http.StatusOK, reloadJSON("live"))
	for _, command := range []string{"scale 3", "abort " + otherID, "history " + otherID} {
		stdout, stderr, code := f.run(strings.Fields(command)...)
		require.Equal(t, 3, code, command)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "is no rota")
	}
}

// What comes is no event of a master, or nothing comes at all.
func TestAStreamThatIsNoneEndsWithAnError(t *testing.T) {
	for name, stream := range map[string]string{
		"JSON": "{}", "no events": "", "unnamed": "data: {}\n\n", "no JSON": "id: 1\nevent: worker.ready\ndata: x\n\n", "no number": "event: worker.ready\ndata: {}\n\n",
	} {
		for _, command := range []string{"events", "events --json", "logs -f slot:0", "logs -f", "logs -f --json " + workerID} {
			if command[0] == 'l' && name == "no number" {
				continue // a log's events need none
			}
			f := aFullHouse(t)
			f.server.Config.Handler = streaming(f, stream)
			stdout, stderr, code := f.run(strings.Fields(command)...)
			require.Equal(t, 3, code, "%s: %s: %s", name, command, stderr)
			require.Empty(t, stdout, command)
		}
	}
}

// streaming answers where a stream is wanted with that, once, and leaves.
func streaming(f *fakeAPI, stream string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "text/event-stream" {
			f.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		if stream == "{}" {
			w.Header().Set("Content-Type", "application/json")
		}
		fmt.Fprint(w, stream)
		f.server.Listener.Close()
	}
}

// A master that hangs may reload when it goes on.
func TestWhetherAReloadWasHeardIsNotKnown(t *testing.T) {
	handler := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	_, stderr, code := askStranger(t, handler, "reload --timeout 20ms --idempotency-key job-7")
	require.Equal(t, 124, code)
	require.Contains(t, stderr, "whether it reloads is not known; rota reload --idempotency-key job-7 with the same flags")

	err := notStarted(&client.Unreachable{Address: "a:1", Silent: true, Unknown: true}, "it's")
	require.ErrorContains(t, err, `not known; rota reload --idempotency-key 'it'\''s' with the same flags`)
	require.Equal(t, 3, exitCode(io.Discard, err))
}
