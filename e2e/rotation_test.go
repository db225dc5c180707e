package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoConnectionIsLostUnderChurn(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "3")
	load := startChurn(8, func() error { return once("tcp", r.tcp) })
	for range 10 {
		require.Equal(t, 3, r.reload("").Replaced)
	}
	load.stop(t)
	require.Equal(t, 11, r.status().Generation)
}

func TestHeldConnectionsStayWithTheirWorkerUntilTheyLeave(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	held := hold(t, "tcp", r.tcp, 12)
	var asked reloadView
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", &asked))
	require.Equal(t, "live", asked.State)
	require.Equal(t, 2, asked.Replaced)

	for _, c := range held {
		require.NoError(t, say(c), "a held connection is still answered")
	}
	var connections struct {
		Connections []struct {
			WorkerID string `json:"worker_id"`
		}
	}
	require.Equal(t, http.StatusOK, r.get("/connections", &connections))
	require.Len(t, connections.Connections, 12)
	draining := map[string]bool{}
	for _, w := range r.workers() {
		draining[w.ID] = w.State == "draining" && w.Generation == 1
	}
	for _, c := range connections.Connections {
		require.True(t, draining[c.WorkerID], "by the old worker")
	}
	r.eventually("the reload counts them", func() bool {
		var now reloadView
		r.get("/reloads/"+asked.ID, &now)
		return now.State == "live" && now.ConnectionsRemaining == 12
	})
	require.NoError(t, once("tcp", r.tcp), "new connections go to the new workers")

	for _, c := range held {
		require.NoError(t, leave(c))
	}
	r.eventually("completed", func() bool {
		var now reloadView
		r.get("/reloads/"+asked.ID, &now)
		return now.State == "completed" && now.ConnectionsCut == 0
	})
	require.Len(t, r.workers(), 2)
}

// Constant load hides a worker that can't be woken, so this one drains in silence.
func TestADrainWithoutAnyTrafficEnds(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "4", "--drain-timeout", "1h")
	for range 5 {
		require.Zero(t, r.reload("").ConnectionsCut)
	}
}

func TestADrainTimeoutCutsAndCounts(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "1")
	held := hold(t, "tcp", r.tcp, 3)
	view := r.reload(`{"drain_timeout":"300ms"}`)
	require.Equal(t, 3, view.ConnectionsCut)
	for _, c := range held {
		_, err := io.ReadAll(c)
		_ = err // EOF or a reset: what matters is that it is over
	}
}

func TestTwentyReloadsAtOnceAreSharedAndAllAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	load := startChurn(4, func() error { return once("tcp", r.tcp) })
	before := r.workers()
	var group sync.WaitGroup
	views := make([]reloadView, 20)
	for i := range views {
		group.Go(func() { r.do(http.MethodPost, "/reload?wait=completed", "", &views[i]) })
	}
	group.Wait()
	load.stop(t)
	distinct := map[string]int{}
	for _, v := range views {
		require.Equal(t, "completed", v.State)
		distinct[v.ID]++
	}
	require.LessOrEqual(t, len(distinct), 15, "those who ask meanwhile share one")
	after := r.workers()
	for _, old := range before {
		for _, w := range after {
			require.NotEqual(t, old.ID, w.ID)
		}
	}
	var history struct{ Reloads []reloadView }
	require.Equal(t, http.StatusOK, r.get("/reloads", &history))
	callers, shared := 0, 0
	for _, v := range history.Reloads {
		require.Len(t, v.Callers, distinct[v.ID], "as many as were answered with it")
		callers += len(v.Callers)
		shared = max(shared, len(v.Callers))
	}
	require.Equal(t, 20, callers, "every caller is kept in the record")
	require.GreaterOrEqual(t, shared, 2)
}

// While one reload is under way, all that ask for another one ask for the same.
func TestWhoAsksDuringAReloadSharesTheNext(t *testing.T) {
	t.Parallel()
	program := copyOfBinary(t)
	r := startProgram(t, program, nil, "--workers", "2", "--start-timeout", "5m")
	gate := deployGate(t, program)
	var first reloadView
	require.Equal(t, http.StatusAccepted, r.do(http.MethodPost, "/reload", "", &first))
	var group sync.WaitGroup
	views := make([]reloadView, 20)
	for i := range views {
		group.Go(func() { r.do(http.MethodPost, "/reload?wait=completed", "", &views[i]) })
	}
	var history struct{ Reloads []reloadView }
	r.eventually("all have asked", func() bool {
		r.get("/reloads", &history)
		callers := 0
		for _, v := range history.Reloads {
			callers += len(v.Callers)
		}
		return callers == 21
	})
	require.Len(t, history.Reloads, 2)
	gate.open(0)
	gate.open(1)
	group.Wait()
	for _, v := range views {
		require.Equal(t, "completed", v.State)
		require.Equal(t, views[0].ID, v.ID)
		require.NotEqual(t, first.ID, v.ID, "what was on disk when they asked may be newer than what the first took")
	}
}

// The program is taken from the disk at each reload, so a broken deploy is a file replaced.
func TestABrokenDeployChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		body    string
		detail  string
		output  []string
	}{
		"exits at once":      {"#!/bin/sh\necho boom >&2\nexit 3\n", 0o755, "", "exited with code 3", []string{"boom"}},
		"never gets ready":   {"#!/bin/sh\necho thinking\nexec sleep 100\n", 0o755, `{"start_timeout":"3s"}`, "was not ready in", []string{"thinking"}},
		"can't be executed":  {"\x7fELFgarbage", 0o755, "", "exited with code 126", nil},
		"is not executable":  {"#!/bin/sh\n", 0o644, "", "permission denied", nil},
		"is gone altogether": {"", 0, "", "no such file", nil},
	} {
		t.Run(name, func(t *testing.T) {
			program := copyOfBinary(t)
			content, err := os.ReadFile(program)
			require.NoError(t, err)
			r := startProgram(t, program, nil, "--workers", "2")
			before := r.workers()
			load := startChurn(4, func() error { return once("tcp", r.tcp) })

			require.NoError(t, os.Remove(program))
			if c.content != "" {
				require.NoError(t, os.WriteFile(program, []byte(c.content), c.mode))
			}
			var p problem
			require.Equal(t, http.StatusInternalServerError, r.do(http.MethodPost, "/reload?wait=live", c.body, &p))
			require.Contains(t, p.Detail, c.detail)
			for _, line := range c.output {
				require.Contains(t, p.Output, line)
			}
			require.Equal(t, "failed", p.Reload.State)

			load.stop(t)
			for _, w := range before {
				var now workerView
				require.Equal(t, http.StatusOK, r.get("/workers/"+w.ID, &now))
				require.Equal(t, "ready", now.State, "the old set serves")
			}
			require.NoError(t, syscall.Kill(before[0].PID, syscall.SIGKILL))
			r.eventually("a crash starts what worked", func() bool {
				list := r.workers()
				return r.status().Pool.Ready == 2 && list[0].ID != before[0].ID && list[0].Generation == 1
			})

			require.NoError(t, os.RemoveAll(program))
			require.NoError(t, os.WriteFile(program, append(content, "the next version"...), 0o755))
			require.Equal(t, 2, r.reload("").Replaced, "a good deploy works again")
		})
	}
}

func TestHTTPKeepAliveClientsLoseNothing(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2", "--listen", "http=127.0.0.1:0")
	url := "http://" + r.status().Listeners[0].Address + "/"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	load := startChurn(6, func() error {
		// POST is not retried by net/http on a fresh connection, so a lost request shows.
		response, err := client.Post(url, "text/plain", http.NoBody)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err == nil && string(body) != "hello world\n" {
			err = io.ErrUnexpectedEOF
		}
		return err
	})
	for range 5 {
		require.Equal(t, 2, r.reload("").Replaced)
	}
	load.stop(t)
}

func TestUnixAndSeveralListeners(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.sock")
	r := start(t, "--workers", "2", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", "unix:"+path)
	listeners := r.status().Listeners
	require.Equal(t, []string{"tcp", "tcp-2", "unix"}, []string{listeners[0].Name, listeners[1].Name, listeners[2].Name})
	held := append(hold(t, "tcp", listeners[1].Address, 2), hold(t, "unix", path, 3)...)
	load := startChurn(4, func() error { return once("unix", path) })
	var view reloadView
	require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=live", "", &view))
	load.stop(t)
	var connections struct{ Connections []struct{ Listener string } }
	r.eventually("the load's own have gone", func() bool {
		return r.get("/connections?listener=unix", &connections) == http.StatusOK && len(connections.Connections) == 3
	})
	for _, c := range held {
		require.NoError(t, say(c))
		require.NoError(t, leave(c))
	}
	require.FileExists(t, path, "a worker that leaves does not take the path along")
	r.eventually("completed", func() bool {
		r.get("/reloads/"+view.ID, &view)
		return view.State == "completed"
	})
	r.signal(syscall.SIGTERM)
	require.Zero(t, r.exitCode())
	require.NoFileExists(t, path)
}
