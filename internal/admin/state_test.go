package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/record"
	"rota/internal/view"
	"rota/internal/words"
)

func TestStatus(t *testing.T) {
	f := newFakeMaster()
	f.status.StartedAt = startedAt
	f.connections = []listen.Connection{{WorkerID: f.workers[0].ID}, {WorkerID: f.workers[0].ID}}
	status := get(t, newServer(f), "/status").is(http.StatusOK)
	require.Equal(t, "v1.2.3", status["version"])
	require.EqualValues(t, 4700, status["pid"])
	require.Equal(t, "2026-11-22T07:00:00.123Z", status["started_at"])
	require.Equal(t, object{"size": 2.0, "ready": 2.0, "starting": 0.0, "draining": 0.0}, status["pool"])
	require.Equal(t, []any{}, status["crash_looping"])
	require.Equal(t, []any{}, status["waiting"])
	require.Equal(t, true, status["ready"])
	require.Nil(t, status["reload"])
	require.Equal(t, []any{
		object{"name": "tcp", "network": "tcp", "address": "127.0.0.1:11111", "queue_depth": 1.0, "backlog": 4096.0},
		object{"name": "unix", "network": "unix", "address": "/run/rota.sock", "queue_depth": nil, "backlog": nil},
	}, status["listeners"])
	require.Equal(t, object{"workers_started": 4.0, "workers_died": 1.0, "reloads_completed": 2.0, "reloads_failed": 0.0,
		"reloads_aborted": 0.0, "connections": 2.0}, status["totals"])
}

func TestStatusShowsTheReloadInProgress(t *testing.T) {
	f := newFakeMaster()
	reload, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerSignal})
	require.NoError(t, err)
	f.status.Reload = &reload
	status := get(t, newServer(f), "/status").is(http.StatusOK)
	require.Equal(t, reload.ID, status["reload"].(object)["id"])
	require.Contains(t, get(t, newServer(f), "/").Body.String(), reload.ID+", queued\n")
	trial := reload
	trial.State, trial.OnTrial, trial.Paused = record.ReloadLive, true, &record.Pause{Why: record.PausedCanary}
	f.status.Reload = &trial
	require.Contains(t, get(t, newServer(f), "/").Body.String(), reload.ID+", on trial, 0/2 slots, after the canary, until rota promote\n")
	f.status.Reload = &reload
	reload.ConnectionsCounted, reload.ConnectionsRemaining, reload.Draining = true, 7, 1
	require.Contains(t, get(t, newServer(f), "/").Body.String(), ", queued, 7 connections left\n")
}

func TestWorkersWhoseConnectionsTheKernelDoesNotShow(t *testing.T) {
	f := newFakeMaster()
	f.workers[1].PID = os.Getpid()
	f.connections = []listen.Connection{{WorkerID: f.workers[0].ID}}
	s := newServer(f)
	connections := func() (of [2]any, total any) {
		for i, w := range get(t, s, "/workers").is(http.StatusOK)["workers"].([]any) {
			of[i] = w.(object)["connections"]
		}
		return of, get(t, s, "/status").is(http.StatusOK)["totals"].(object)["connections"]
	}
	of, total := connections()
	require.Equal(t, [2]any{1.0, 0.0}, of)
	require.EqualValues(t, 1, total)
	f.unseen = []string{f.workers[1].ID}
	of, total = connections()
	require.Equal(t, [2]any{1.0, nil}, of)
	require.Nil(t, total, "a part would be taken for the whole")
}

func TestWithoutTheKernelTheRestIsStillTold(t *testing.T) {
	var log bytes.Buffer
	f := newFakeMaster()
	f.kernelErr = kernel.ErrNoDiag
	s := New(f, Options{Log: zerolog.New(&log)})
	for range 3 {
		status := get(t, s, "/status").is(http.StatusOK)
		require.Nil(t, status["totals"].(object)["connections"])
		require.Nil(t, status["listeners"].([]any)[0].(object)["queue_depth"])
		require.Nil(t, get(t, s, "/workers").is(http.StatusOK)["workers"].([]any)[0].(object)["connections"])
		get(t, s, "/connections").problem(http.StatusServiceUnavailable, "")
	}
	require.Equal(t, 1, strings.Count(log.String(), "does not list the sockets"), "the same refusal is logged once")
	f.kernelErr = errors.New("no memory")
	get(t, s, "/connections").problem(http.StatusServiceUnavailable, "")
}

func TestWorkers(t *testing.T) {
	f := newFakeMaster()
	f.connections = []listen.Connection{{WorkerID: f.workers[0].ID}}
	view := get(t, newServer(f), "/workers").is(http.StatusOK)
	require.EqualValues(t, 3, view["generation"])
	workers := view["workers"].([]any)
	require.Len(t, workers, 2)

	serving := workers[0].(object)
	require.Equal(t, "ready", serving["state"])
	require.Equal(t, "v1", serving["revision"])
	require.EqualValues(t, os.Getpid(), serving["pid"])
	require.EqualValues(t, 1, serving["connections"])
	require.Positive(t, serving["rss_bytes"])
	require.NotNil(t, serving["cpu_seconds"])
	require.Equal(t, "2026-11-22T07:00:01.123Z", serving["ready_at"])
	require.Equal(t, object{"path": "/srv/one/app", "directory": "/srv/one", "arguments": []any{"--fast"},
		"environment": []any{"SECRET"}, "sha256": "0a1b"}, serving["program"])
	require.Equal(t, object{"by": "assumed", "detail": "readiness was assumed"}, serving["readiness"])
	require.EqualValues(t, os.Getpid(), serving["processes"].([]any)[0].(object)["pid"])

	unforked := workers[1].(object)
	for _, name := range []string{"pid", "connections", "rss_bytes", "cpu_seconds", "ready_at", "revision", "exit", "readiness"} {
		require.Nil(t, unforked[name], name)
	}
	require.EqualValues(t, 2, unforked["restarts"])
}

func TestOneWorker(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	require.Equal(t, "ready", get(t, s, "/workers/"+f.workers[0].ID).is(http.StatusOK)["state"])
	gone := get(t, s, "/workers/"+f.gone[0].ID).is(http.StatusOK)
	require.Equal(t, "exited", gone["state"])
	require.Equal(t, object{"code": nil, "signal": "SIGKILL", "error": nil, "output": []any{"out of memory"},
		"connections_cut": 3.0, "cut_connections": []any{}, "text": "was ended by signal SIGKILL"}, gone["exit"])
	require.Nil(t, gone["rss_bytes"], "its pid may be somebody else's")
	get(t, s, "/workers/nobody").problem(http.StatusNotFound, "")

	f.gone[0].Exit.CutUnknown = true
	require.Nil(t, get(t, s, "/workers/"+f.gone[0].ID).is(http.StatusOK)["exit"].(object)["connections_cut"])
	f.gone[0].Exit = &record.Exit{Code: 0}
	require.Equal(t, object{"code": 0.0, "signal": nil, "error": nil, "output": []any{}, "connections_cut": 0.0, "cut_connections": []any{}, "text": "exited with code 0"},
		get(t, s, "/workers/"+f.gone[0].ID).is(http.StatusOK)["exit"])
}

func TestAStoppedMasterIs503Everywhere(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	worker := f.workers[0].ID
	f.end()
	for _, route := range s.routes() {
		if route.path == "/assets/{file}" || route.path == "/openapi.yaml" {
			continue
		}
		if strings.HasPrefix(route.path, "/reloads/{id}") {
			continue // there are none
		}
		path, body := strings.ReplaceAll(route.path, "{id}", worker), ""
		if slices.Contains(route.params, "idle") {
			path += "?idle=1s"
		}
		if route.path == "/scale" {
			body = `{"workers": 3}`
		}
		a := do(t, s, route.method, path, body)
		a.problem(http.StatusServiceUnavailable, "")
		require.Equal(t, "1", a.Header().Get("Retry-After"), route.path)
	}
}

func TestHealth(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	require.Equal(t, "ok", get(t, s, "/healthz").is(http.StatusOK)["status"])
	require.Equal(t, object{"status": "ready", "ready": 2.0, "size": 2.0}, get(t, s, "/readyz").is(http.StatusOK))

	f.status.Looping = []int{1}
	p := get(t, s, "/readyz").problem(http.StatusServiceUnavailable, "")
	require.Equal(t, []any{1.0}, p["crash_looping"])
	require.Contains(t, p["detail"], "2 of 2 workers are ready; slot 1 is in a crash loop")

	f.status.Looping, f.status.Shut = nil, []string{"nobody can connect to the listener unix: its file is gone"}
	p = get(t, s, "/readyz").problem(http.StatusServiceUnavailable, "")
	require.Equal(t, "2 of 2 workers are ready; nobody can connect to the listener unix: its file is gone", p["detail"])

	f.status.Shut, f.status.Ready, f.status.Stopping = nil, 0, true
	p = get(t, s, "/readyz").problem(http.StatusServiceUnavailable, "")
	require.Equal(t, []any{"the master is shutting down", "no worker is ready"}, p["reasons"])
	get(t, s, "/healthz").is(http.StatusOK)
}

func TestAStuckMasterIsUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeMaster()
		f.stuck = make(chan struct{})
		p := get(t, newServer(f), "/healthz").problem(http.StatusServiceUnavailable, "")
		require.Contains(t, p["detail"], "within 1s")
		close(f.stuck)
	})
}

func TestReadersThatComeTogetherShareOneSample(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	f.mu.Lock() // the first one gets stuck with its sample, the others queue behind it
	var readers sync.WaitGroup
	asked := time.Now()
	for range 50 {
		readers.Go(func() { _, _ = s.snapshots.since(asked) })
	}
	f.mu.Unlock()
	readers.Wait()
	require.Equal(t, 1, f.samples)
	_, err := s.snapshots.since(time.Now())
	require.NoError(t, err)
	require.Equal(t, 2, f.samples, "who asks later must see what is so later")
}

func TestStreamsShareSamplesByTheirCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeMaster()
		s := newServer(f).snapshots
		sample := func() int {
			_, err := s.recent(100 * time.Millisecond)
			require.NoError(t, err)
			return f.samples
		}
		require.Equal(t, 1, sample())
		time.Sleep(99 * time.Millisecond)
		require.Equal(t, 1, sample())
		time.Sleep(time.Millisecond)
		require.Equal(t, 2, sample())
		s.last.took = time.Second // many connections
		time.Sleep(8 * time.Second)
		require.Equal(t, 2, sample())
		time.Sleep(time.Second)
		require.Equal(t, 3, sample())
	})
}

func TestHome(t *testing.T) {
	s := newServer(newFakeMaster())
	text := get(t, s, "/", "Accept: */*")
	require.Equal(t, http.StatusOK, text.Code)
	require.Equal(t, "text/plain; charset=utf-8", text.Header().Get("Content-Type"))
	require.Equal(t, "Accept", text.Header().Get("Vary"))
	require.Contains(t, text.Body.String(), "rota v1.2.3")
	require.Regexp(t, `pool +2 of 2 ready`, text.Body.String())
	require.Regexp(t, `(?m)^listener +tcp 127.0.0.1:11111, 1 of 4096 waiting$`, text.Body.String())
	require.Regexp(t, `(?m)^0 +ready \(assumed\) +3 +\d+ +.* MiB .*v1 +\S+$`, text.Body.String())
	require.Regexp(t, `(?m)^1 +starting +3 +- .* - +\S+$`, text.Body.String())

	for _, accept := range []string{"text/html", "application/xml;q=0.9, TEXT/html;level=1;q=0.8, */*"} {
		html := get(t, s, "/", "Accept: "+accept)
		require.Equal(t, "text/html; charset=utf-8", html.Header().Get("Content-Type"))
		require.Equal(t, string(page["index.html"].Data), html.Body.String())
		require.Equal(t, "Accept", html.Header().Get("Vary"))
		require.Equal(t, pagePolicy, html.Header().Get("Content-Security-Policy"))
		require.Equal(t, "no-referrer", html.Header().Get("Referrer-Policy"))
		require.Equal(t, "nosniff", html.Header().Get("X-Content-Type-Options"))
	}
	require.Contains(t, get(t, s, "/", "Accept: text/html;q=0, */*").Header().Get("Content-Type"), "text/plain")
	bare := New(newFakeMaster(), Options{})
	require.Contains(t, get(t, bare, "/", "Accept: text/html").Header().Get("Content-Type"), "text/plain")
}

func TestAssets(t *testing.T) {
	s := newServer(newFakeMaster())
	for name, mediaType := range map[string]string{
		"app.js": "text/javascript; charset=utf-8", "style.css": "text/css; charset=utf-8", "favicon.svg": "image/svg+xml",
	} {
		a := get(t, s, "/assets/"+name)
		require.Equal(t, http.StatusOK, a.Code)
		require.Equal(t, mediaType, a.Header().Get("Content-Type"))
		require.Equal(t, string(page[name].Data), a.Body.String())
		require.Equal(t, "no-cache", a.Header().Get("Cache-Control"))

		again := get(t, s, "/assets/"+name, "If-None-Match: "+a.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.Code)
		require.Empty(t, again.Body.String())
	}
	for _, name := range []string{"nope.js", "index.html", "notes.txt", "..", "%2e%2e%2fsecret.js", "..%2Fserver.go"} {
		get(t, s, "/assets/"+name).problem(http.StatusNotFound, "")
	}
}

func TestHeadSaysWhatGetWould(t *testing.T) {
	f := newFakeMaster()
	reload, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	web := serve(t, newServer(f))
	for _, route := range web.routes() {
		if route.method != http.MethodGet {
			continue
		}
		id := f.workers[0].ID
		if strings.HasPrefix(route.path, "/reloads") {
			id = reload.ID
		}
		path := strings.NewReplacer("{id}", id, "{file}", "app.js").Replace(route.path)
		head, err := web.request(t.Context(), "HEAD", path, "")
		require.NoError(t, err)
		head.Body.Close()
		require.Equal(t, http.StatusOK, head.StatusCode, path)
		if strings.HasSuffix(path, "/events") {
			require.Equal(t, "text/event-stream", head.Header.Get("Content-Type"))
			continue
		}
		answer := get(t, web.Server, path)
		require.Equal(t, answer.Header().Get("Content-Type"), head.Header.Get("Content-Type"))
		require.Positive(t, head.ContentLength, path)
	}
	require.Zero(t, f.readers(), "HEAD leaves no stream behind")
}

// rota status renders the JSON, and curl gets the text: they must not differ.
func TestTheTextSaysWhatAClientMakesOfTheJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fakeWithWaiting()
		f.status.StartedAt, f.status.Looping, f.status.Missing = time.Now().Add(-time.Hour), []int{1}, []string{"the program\nwas deleted"}
		for i := range f.workers {
			f.workers[i].PID, f.workers[i].Revision = 0, "v\t1\x1b[2J" // whose memory does not change
		}
		s := newServer(f)
		var status view.Status
		var workers view.Workers
		require.NoError(t, json.Unmarshal(get(t, s, "/status").Body.Bytes(), &status))
		require.NoError(t, json.Unmarshal(get(t, s, "/workers").Body.Bytes(), &workers))
		text := get(t, s, "/").Body.String()
		require.Equal(t, text, words.Status(status, workers.Workers))
		require.Contains(t, text, `missing   the program\x0awas deleted`)
		require.Contains(t, text, `v 1\x1b[2J`)
		require.Contains(t, text, "crash loop in slots [1]\n")
		require.Equal(t, []string{"slot 1 is in a crash loop", "slot 3 waits for its next worker"}, status.Alarms)
	})
}
