package e2e

import (
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What may be asked of a reload, and when.

// The workers of the way back wait at a gate.
func TestWhatGoesBackIsNotStoppedOrHurried(t *testing.T) {
	t.Parallel()
	gate := t.TempDir() + "/gate"
	open := func() { require.NoError(t, os.WriteFile(gate, nil, 0o644)) }
	open()
	g := newStage(t, 2, "-ready-when "+gate, "soak: 1h", "start_timeout: 1m")
	for _, aborted := range []bool{true, false} {
		g.deploy("two", "-exit-when "+g.path("now"))
		h := g.reloadTwice()
		h.reaches("live")
		require.NoError(t, os.Remove(gate))
		if aborted {
			require.Equal(t, http.StatusAccepted, g.post(t.Context(), "/reloads/"+h.id+"/abort", "").status)
		} else {
			g.touch("now")
		}
		h.reaches("reverting")
		for _, verb := range []string{"pause", "resume", "promote"} {
			require.Equal(t, http.StatusConflict, g.post(t.Context(), "/reloads/"+h.id+"/"+verb, "").status, verb)
		}
		again := g.post(t.Context(), "/reloads/"+h.id+"/abort", `{"reason":"another"}`)
		if aborted {
			require.Equal(t, http.StatusAccepted, again.status)
			require.Equal(t, "somebody asked for that", again.reload.Error.Message, "the first reason stays")
		} else {
			require.Equal(t, http.StatusConflict, again.status)
			require.Contains(t, again.Detail, "is going back already: the new worker of slot")
		}
		require.Equal(t, http.StatusGatewayTimeout, g.do(http.MethodGet, "/reloads/"+h.id+"?wait=live&timeout=50ms", "", nil))
		open()
		told, exitCode := h.verdicts()
		if aborted {
			require.Equal(t, []any{http.StatusConflict, 5, "aborted"}, []any{told.status, exitCode, told.reload.State})
		} else {
			require.Equal(t, []any{http.StatusInternalServerError, 1, "failed"}, []any{told.status, exitCode, told.reload.State})
		}
		g.requireServed("one", 1)
	}
}

// Where it is by then is chance: its settings are read, its program is looked up, its first worker is started.
func TestAnAbortRightAfterTheStart(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	load := g.serveClients("one")
	g.deploy("two", "")
	for range 10 {
		asked := g.post(t.Context(), "/reload", "")
		require.Equal(t, http.StatusAccepted, asked.status)
		aborted := g.post(t.Context(), "/reloads/"+asked.reload.ID+"/abort", "")
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, aborted.status, aborted.Detail)
		require.Contains(t, []string{"aborted", "reverting"}, aborted.reload.State)
		var p problem
		require.Equal(t, http.StatusConflict, g.get("/reloads/"+asked.reload.ID+"?wait=completed", &p))
		require.Equal(t, "aborted", p.Reload.State)
		require.Zero(t, p.Reload.Replaced)
		require.Equal(t, []string{"queued", "started", "aborted"}, types(g.eventsOf(asked.reload.ID)))
	}
	g.requireServed("one", 1)
	load.allLeave("one")
	g.requireNothingLeft()
	require.Equal(t, 12, g.reload("").Generation, "a number is given out once")
	g.requireServed("two", 12)
}

func TestEachVerbIsDoneOnce(t *testing.T) {
	t.Parallel()
	g := newStage(t, 3, "", "canary: 1")
	load := g.serveClients("one")
	tell := func(h *hooks, verb string) verdict { return g.post(t.Context(), "/reloads/"+h.id+"/"+verb, "") }
	g.deploy("two", "")
	h := g.reloadTwice()
	why := func(is string) {
		h.until("paused: "+is, func(v reloadView) bool { return v.Paused != nil && v.Paused.Why == is && v.State == "rolling" })
		require.Equal(t, 1, h.now().Replaced)
	}
	why("canary")
	for _, step := range []struct{ verb, paused string }{{"pause", "asked"}, {"resume", "canary"}} {
		for range 2 {
			require.Equal(t, http.StatusOK, tell(h, step.verb).status)
			why(step.paused)
		}
	}
	require.Equal(t, http.StatusOK, tell(h, "pause").status)
	for range 2 {
		require.Equal(t, http.StatusOK, tell(h, "promote").status)
	}
	why("asked") // the promotion holds, but so does the pause
	require.Equal(t, http.StatusOK, tell(h, "resume").status)
	h.until("live", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
	for _, verb := range []string{"pause", "resume", "abort"} {
		require.Equal(t, http.StatusConflict, tell(h, verb).status, "%s of what is live for good", verb)
	}
	require.Equal(t, http.StatusOK, tell(h, "promote").status, "it is promoted")
	load.allLeave("one")
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusOK, 0}, []any{told.status, exitCode})
	requireLossless(t, told.reload)
	if drained := told.reload.Receipt.Connections.Drained; drained != nil {
		require.GreaterOrEqual(t, *drained, 4)
	}
	list := g.eventsOf(h.id)
	require.Equal(t, []string{"queued", "started", "live", "completed"}, types(list))
	g.requireCovered(list[len(list)-1])
	for _, verb := range []string{"pause", "resume", "abort"} {
		require.Equal(t, http.StatusConflict, tell(h, verb).status, "%s of what is completed", verb)
	}
	require.Equal(t, http.StatusOK, tell(h, "promote").status, "it is promoted")

	g.settings("soak: 1h")
	h = g.reloadTwice()
	h.reaches("live")
	for _, verb := range []string{"pause", "resume", "promote"} {
		require.Equal(t, http.StatusConflict, tell(h, verb).status, "%s on trial", verb)
	}
	require.Equal(t, http.StatusAccepted, tell(h, "abort").status)
	_, exitCode = h.verdicts()
	require.Equal(t, 5, exitCode)
}

func TestAllNewWorkersAreReadyBeforeAnOldOneGoes(t *testing.T) {
	t.Parallel()
	g := newStage(t, 3, "", "surge: 100%")
	load := g.serveClients("one")
	g.deploy("two", "")
	h := g.reloadTwice()
	h.until("live", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
	load.allLeave("one")
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusOK, 0}, []any{told.status, exitCode})
	requireLossless(t, told.reload)
	require.Equal(t, 3, told.reload.Strategy.SurgeWorkers)
	ready := 0
	for _, e := range g.eventsOf(h.id) {
		switch e.Type {
		case "worker.ready":
			ready++
		case "worker.draining":
			require.Equal(t, 3, ready)
		}
	}
	g.requireServed("two", 2)
}

func TestThePoolIsScaledDuringATrial(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "", "canary: 1", "soak: 1h")
	load := g.serveClients("one")
	scale := func(to int) {
		g.slots = to
		require.Equal(t, http.StatusOK, g.do(http.MethodPut, "/scale", `{"workers":`+itoa(to)+`}`, nil))
	}
	full := func(generation int) {
		g.eventually("each slot has a worker", func() bool {
			n := 0
			for _, w := range g.workers() {
				if w.State == "ready" && (generation == 0 || w.Generation == generation) {
					n++
				}
			}
			return n == g.slots
		})
	}
	g.deploy("two", "")
	h := g.reloadTwice()
	h.until("canary", func(v reloadView) bool { return v.Paused != nil })
	scale(3)
	full(0)
	require.Equal(t, http.StatusOK, g.post(t.Context(), "/reloads/"+h.id+"/promote", "").status)
	h.reaches("live")
	require.Equal(t, 3, h.now().Replaced)
	scale(4)
	full(2)
	require.Equal(t, 2, g.status().Generation)
	scale(3)
	require.Equal(t, http.StatusAccepted, g.post(t.Context(), "/reloads/"+h.id+"/abort", "").status)
	load.allLeave("one")
	_, exitCode := h.verdicts()
	require.Equal(t, 5, exitCode)
	requireLossless(t, h.settled())
	g.requireServed("one", 1)
	list := g.eventsOf(h.id)
	g.requireCovered(list[len(list)-1])
	g.requireNothingLeft()
}

func TestTheMasterStopsDuringATrial(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		ripe     func(reloadView) bool
		events   []string
	}{
		"on trial":         {[]string{"soak: 1h"}, func(v reloadView) bool { return v.State == "live" }, []string{"queued", "started", "live", "aborted"}},
		"after the canary": {[]string{"canary: 1"}, func(v reloadView) bool { return v.Paused != nil }, []string{"queued", "started", "aborted"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newStage(t, 2, "", c.settings...)
			held := g.hold("one")
			g.deploy("two", "")
			h := g.reloadTwice()
			h.until(name, c.ripe)
			stream := g.open(http.MethodGet, "/reloads/"+h.id+"/events")
			stream.until("reload.started")
			g.signal(syscall.SIGTERM)
			told, exitCode := h.verdicts()
			require.Equal(t, []any{http.StatusServiceUnavailable, 5}, []any{told.status, exitCode})
			require.Contains(t, told.Detail, "the master was told to stop")
			require.Equal(t, "aborted", told.reload.State)
			require.Contains(t, h.stderr.String(), "the master was told to stop")
			rest := stream.rest()
			require.Equal(t, "reload.aborted", rest[len(rest)-1].Type)
			g.farewell(held, "one")
			require.Zero(t, g.exitCode())
			g.eventually("nobody is left", func() bool { return g.processCount() == -1 })
		})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
