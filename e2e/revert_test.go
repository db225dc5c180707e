package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The program of the generation before is pinned, so only one that does not start twice can keep a reload
// from being taken back.
func TestAFailedRevertSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults      string
		generations []int // of the slots, afterwards
		message     string
		replaced    int
		generation  int
	}{
		"in one slot": {"-only-slot 1", []int{1, 2, 1}, "going back failed too: the worker of slot 1 exited with code 9; generation 2 still serves slot 1", 1, 1},
		"in all":      {"", []int{2, 2, 1}, "going back failed too: the worker of slot 0 exited with code 9; generation 2 still serves slot 0, 1", 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := newStage(t, 3, c.faults+" -second-exit "+t.TempDir())
			load := g.serveClients("one")
			g.deploy("two", "-only-slot 2 -exit-at-once 3")
			h := g.reloadTwice()
			told, exitCode := h.verdicts()
			load.allLeave("one")

			require.Equal(t, http.StatusInternalServerError, told.status)
			require.Equal(t, 1, exitCode)
			require.Contains(t, told.Detail, "worker of slot 2 exited with code 3")
			require.Contains(t, told.Detail, c.message)
			require.Contains(t, h.stderr.String(), "It could not be taken back")
			v := h.now()
			require.Equal(t, "failed", v.State)
			require.True(t, v.Error.RevertFailed)
			require.Equal(t, c.replaced, v.Replaced, "what its generation serves")
			require.Contains(t, v.Error.Output, "no database", "of the worker that was the first reason")
			requireLossless(t, h.settled())
			list := g.eventsOf(h.id)
			require.Equal(t, []string{"queued", "started", "failed"}, types(list))
			require.True(t, list[len(list)-1].Reload.Error.RevertFailed)
			g.requireCovered(list[len(list)-1])

			require.Equal(t, c.generation, g.status().Generation)
			g.eventually("each slot is as it was left", func() bool {
				workers := g.workers()
				if len(workers) != 3 {
					return false // some drain
				}
				for i, w := range workers {
					require.Equal(t, c.generations[i], w.Generation)
					require.Equal(t, "ready", w.State)
				}
				return true
			})
			g.requireNothingLeft()
			g.requireRepairable()
		})
	}
}

// abortStage is where a reload is when it is aborted; each leaves version one.
type abortStage struct {
	name     string
	settings []string
	faults   string
	ripe     func(reloadView) bool
	status   int // of the abort
	events   []string
}

func TestAnAbortIsObeyedAtEachStage(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	load := g.serveClients("one")
	for _, c := range []abortStage{
		{"the canary waits", []string{"canary: 1"}, "", func(v reloadView) bool { return v.Paused != nil && v.Paused.Why == "canary" },
			http.StatusAccepted, []string{"queued", "started", "aborted"}},
		{"half of the slots have changed", nil, "-only-slot 1 -never-ready", func(v reloadView) bool { return v.Replaced == 1 },
			http.StatusAccepted, []string{"queued", "started", "aborted"}},
		{"it is live, on trial", []string{"soak: 1h"}, "", func(v reloadView) bool { return v.State == "live" },
			http.StatusAccepted, []string{"queued", "started", "live", "aborted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.settings(c.settings...)
			g.deploy("two", c.faults)
			h := g.reloadTwice()
			h.until(c.name, c.ripe)
			asked := g.post(t.Context(), "/reloads/"+h.id+"/abort", `{"reason":"smoke test"}`)
			require.Equal(t, c.status, asked.status)
			told, exitCode := h.verdicts()
			require.Equal(t, http.StatusConflict, told.status)
			require.Equal(t, 5, exitCode)
			require.Equal(t, "the reload was aborted: smoke test", told.Detail)
			v := h.now()
			require.Equal(t, "aborted", v.State)
			require.Equal(t, "smoke test", v.Error.Message)
			require.Nil(t, v.Error.Slot)
			require.False(t, v.OnTrial)
			require.NotNil(t, v.Receipt)
			list := g.eventsOf(h.id)
			require.Equal(t, c.events, types(list))
			g.requireCovered(list[len(list)-1])
			again := g.post(t.Context(), "/reloads/"+h.id+"/abort", "")
			require.Equal(t, http.StatusOK, again.status, "once more changes nothing")
			require.Equal(t, "smoke test", again.reload.Error.Message)
			g.current("one")
		})
	}
	g.requireServed("one", 1)
	load.allLeave("one")
	g.requireNothingLeft()
}

func TestAnAbortOfWhatHasNotBegun(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	g.deploy("two", "-ready-when "+g.path("gate"))
	first := g.reloadTwice()
	first.reaches("rolling")
	second := g.reloadTwice()
	second.reaches("queued")
	require.Equal(t, http.StatusConflict, g.post(t.Context(), "/reloads/"+second.id+"/pause", "").status)
	require.Equal(t, http.StatusOK, g.post(t.Context(), "/reloads/"+second.id+"/abort", "").status)
	told, exitCode := second.verdicts()
	require.Equal(t, http.StatusConflict, told.status)
	require.Equal(t, 5, exitCode)
	require.Equal(t, []string{"queued", "aborted"}, types(g.eventsOf(second.id)))
	require.Nil(t, second.now().Receipt, "nothing was measured")

	g.touch("gate")
	told, exitCode = first.verdicts()
	require.Equal(t, http.StatusOK, told.status, told.Detail)
	require.Zero(t, exitCode)
	g.requireServed("two", 2)
	require.Equal(t, http.StatusConflict, g.post(t.Context(), "/reloads/"+first.id+"/abort", "").status)
	require.Equal(t, http.StatusNotFound, g.post(t.Context(), "/reloads/0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b/abort", "").status)
}
