package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/master"
)

// rolls lets the plan of a reload be made, with so many canaries.
func rolls(f *fakeMaster, id string, canary int) {
	f.move(id, master.ReloadRolling, master.EventReloadStarted, func(r *master.Reload) {
		r.Program, r.Strategy.Canary = &master.Program{}, canary
	})
}

func canaryUp(r *master.Reload) {
	r.CanaryAt, r.Paused = startedAt, &master.Pause{Why: master.PausedCanary, Since: startedAt}
}

func TestWaitForTheCanary(t *testing.T) {
	view := waitFor(t, "canary", func(f *fakeMaster, id string) {
		rolls(f, id, 1)
		f.move(id, master.ReloadRolling, master.EventReloadProgress, canaryUp)
	}).is(http.StatusOK)
	require.Equal(t, "rolling", view["state"])
	require.NotNil(t, view["canary_at"])
	require.Nil(t, view["promoted_at"])
}

// What comes after the canary does not make it fail.
func TestACanaryThatWasPromotedBeforeTheWaiterIsToldWasReached(t *testing.T) {
	for _, state := range []master.ReloadState{master.ReloadRolling, master.ReloadLive, master.ReloadCompleted} {
		view := waitFor(t, "canary", func(f *fakeMaster, id string) {
			rolls(f, id, 1)
			f.move(id, state, master.EventReloadProgress, func(r *master.Reload) { r.CanaryAt, r.PromotedAt = startedAt, startedAt.Add(time.Second) })
		}).is(http.StatusOK)
		require.NotNil(t, view["promoted_at"])
	}
}

func TestACanaryThatIsNotReached(t *testing.T) {
	ends := func(state master.ReloadState, f master.Failure) func(*fakeMaster, string) {
		return func(m *fakeMaster, id string) {
			rolls(m, id, 1)
			m.move(id, state, master.EventReloadFailed, func(r *master.Reload) { r.CanaryAt, r.Failure = startedAt, &f })
		}
	}
	for name, c := range map[string]struct {
		then   func(*fakeMaster, string)
		status int
		says   string
	}{
		"it fails":         {ends(master.ReloadFailed, master.Failure{Code: master.WorkerFailed, Message: "no good"}), http.StatusInternalServerError, "no good"},
		"it is aborted":    {ends(master.ReloadAborted, master.Failure{Code: master.AbortAsked, Message: "too slow"}), http.StatusConflict, "too slow"},
		"the master stops": {ends(master.ReloadAborted, master.Failure{Code: master.MasterStops, Message: "it stops", Stopping: true}), http.StatusServiceUnavailable, "it stops"},
		"it is skipped": {func(f *fakeMaster, id string) {
			rolls(f, id, 1)
			f.move(id, master.ReloadRolling, master.EventReloadProgress, func(r *master.Reload) { r.PromotedAt = startedAt })
		}, http.StatusConflict, "without waiting for its canary"},
		"there is none": {func(f *fakeMaster, id string) {
			rolls(f, id, 0)
		}, http.StatusBadRequest, "there is no canary to wait for"},
		"its settings have lost it": {func(f *fakeMaster, id string) {
			f.move(id, master.ReloadFailed, master.EventReloadFailed, func(r *master.Reload) {
				r.Failure = &master.Failure{Code: master.NoCanary, Message: master.ErrNoCanary.Error()}
			})
		}, http.StatusBadRequest, "there is no canary to wait for"},
	} {
		t.Run(name, func(t *testing.T) {
			p := waitFor(t, "canary", c.then).problem(c.status, "")
			require.Contains(t, p["detail"], c.says)
			require.NotNil(t, p["reload"])
		})
	}
}

func TestAReloadWithoutTheCanaryThatIsNeededIsNotStarted(t *testing.T) {
	for query, needs := range map[string]bool{"?wait=canary&timeout=1ms": true, "?require=canary": true, "?wait=live&require=canary&timeout=1ms": true, "": false, "?wait=live&timeout=1ms": false} {
		f := newFakeMaster()
		do(t, newServer(f), "POST", "/reload"+query, "")
		require.Equal(t, needs, f.requests[0].NeedsCanary, query)
	}
	f := newFakeMaster()
	f.stopped = master.ErrNoCanary
	p := do(t, newServer(f), "POST", "/reload?wait=canary", "").problem(http.StatusBadRequest, "canary")
	require.Contains(t, p["detail"], "--canary 1")
}

func TestAWaitForACanaryCanBeTakenUpAndRunsOut(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	r, err := f.Reload(master.ReloadRequest{Trigger: master.TriggerAPI})
	require.NoError(t, err)
	at := "/reloads/" + r.ID
	p := do(t, s, "GET", at+"?wait=canary&timeout=1ms", "").problem(http.StatusGatewayTimeout, "")
	require.Contains(t, p["detail"], "the reload is not at its canary after 1ms, it is queued")
	do(t, s, "GET", at+"?require=canary", "").problem(http.StatusBadRequest, "require")
	f.move(r.ID, master.ReloadRolling, master.EventReloadProgress, canaryUp)
	do(t, s, "GET", at+"?wait=canary", "").is(http.StatusOK)
}

func TestACanaryThatIsTooLargeIsAMistakeInTheRequest(t *testing.T) {
	f := newFakeMaster()
	f.stopped = master.CanaryTooLarge{Canary: 5, Slots: 2}
	p := do(t, newServer(f), "POST", "/reload", `{"canary":5}`).problem(http.StatusBadRequest, "canary")
	require.Contains(t, p["detail"], "a canary of 5 leaves none of the 2 slots for later; it can be at most 1")
}
