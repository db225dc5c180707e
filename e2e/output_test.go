package e2e

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

type workerLog struct {
	Printed, Unlogged uint64
	Lines             []struct {
		Number       uint64
		Stream, Text string
	}
}

func (r *rota) logOf(worker string) (l workerLog) {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.get("/workers/"+worker+"/logs", &l))
	return l
}

// startScript runs rota with a shell script as its workers' program.
func startScript(t *testing.T, workers, script string) *rota {
	t.Helper()
	return start(t, "--workers", workers, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ready", "delay:100ms", "--", "sh", "-c", script)
}

func TestWhatAWorkerPrintsIsLoggedKeptAndFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	r := startScript(t, "1", `
		echo '{"severity":"ERROR","msg":"no cache","try":3}' >&2
		echo plain
		trap 'echo bye; exit 0' TERM
		while :; do sleep 0.02; done`)
	worker := r.workers()[0].ID
	identity := `"worker_id":"` + worker + `","slot":0,"generation":1`
	require.NotEmpty(t, r.log.find(r.exited, identity, `"stream":"stdout"`, `"message":"plain"`))
	require.NotEmpty(t, r.log.find(r.exited, identity, `"stream":"stderr"`, `"level":"error"`, `"try":3`, `"message":"no cache"`))
	r.eventually("both lines are kept", func() bool { return len(r.logOf(worker).Lines) == 2 })

	s := r.open(http.MethodGet, "/workers/"+worker+"/logs?follow=true")
	s.until("log.line")
	s.until("log.line")
	r.reload("")
	rest := s.rest()
	require.Equal(t, []string{"log.line", "log.end"}, []string{rest[0].Name, rest[1].Name})
	require.Equal(t, "bye", rest[0].Text)
	require.Equal(t, "3", rest[0].ID)
	require.Len(t, r.logOf(worker).Lines, 3, "it is kept when the worker is gone")
}

func TestAFloodIsCountedAndHidesNobody(t *testing.T) {
	t.Parallel()
	r := startScript(t, "2", `
		[ "$ROTA_SLOT" = 0 ] && exec yes
		while echo tick; do sleep 0.02; done`)
	workers := r.workers()
	flood, other := r.open(http.MethodGet, "/workers/"+workers[0].ID+"/logs?follow=true"), r.open(http.MethodGet, "/workers/"+workers[1].ID+"/logs?follow=true")
	flood.until("log.lost")
	require.NotEmpty(t, r.log.find(r.exited, workers[0].ID, `"level":"warn"`, "lines were not logged"))
	for range 20 {
		require.Equal(t, "tick", other.until("log.line").Text)
		r.status()
	}
	require.Zero(t, r.logOf(workers[1].ID).Unlogged)
	require.Greater(t, r.logOf(workers[0].ID).Unlogged, uint64(100_000))

	r.signal(syscall.SIGTERM)
	for _, s := range []*stream{flood, other} {
		rest := s.rest()
		require.Equal(t, "log.end", rest[len(rest)-1].Name)
	}
	require.Zero(t, r.exitCode())
}
