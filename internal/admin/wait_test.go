package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// rolls lets the plan of a reload be made, with so many canaries.
func rolls(f *fakeMaster, id string, canary int) {
	f.move(id, record.ReloadRolling, record.EventReloadStarted, func(r *record.Reload) {
		r.Program, r.Strategy.Canary = &record.Program{}, canary
	})
}

func canaryUp(r *record.Reload) {
	r.CanaryAt, r.Paused = startedAt, &record.Pause{Why: record.PausedCanary, Since: startedAt}
}

func TestWaitForTheCanary(t *testing.T) {
	view := waitFor(t, "canary", func(f *fakeMaster, id string) {
		rolls(f, id, 1)
		f.move(id, record.ReloadRolling, record.EventReloadProgress, canaryUp)
	}).is(http.StatusOK)
	require.Equal(t, "rolling", view["state"])
	require.NotNil(t, view["canary_at"])
	require.Nil(t, view["promoted_at"])
}

// What comes after the canary does not make it fail.
func TestACanaryThatWasPromotedBeforeTheWaiterIsToldWasReached(t *testing.T) {
	for _, state := range []record.ReloadState{record.ReloadRolling, record.ReloadLive, record.ReloadCompleted} {
		view := waitFor(t, "canary", func(f *fakeMaster, id string) {
			rolls(f, id, 1)
			f.move(id, state, record.EventReloadProgress, func(r *record.Reload) { r.CanaryAt, r.PromotedAt = startedAt, startedAt.Add(time.Second) })
		}).is(http.StatusOK)
		require.NotNil(t, view["promoted_at"])
	}
}

func TestACanaryThatIsNotReached(t *testing.T) {
	ends := func(state record.ReloadState, f record.Failure) func(*fakeMaster, string) {
		return func(m *fakeMaster, id string) {
			rolls(m, id, 1)
			m.move(id, state, record.EventReloadFailed, func(r *record.Reload) { r.CanaryAt, r.Failure = startedAt, &f })
		}
	}
	for name, c := range map[string]struct {
		then   func(*fakeMaster, string)
		status int
		says   string
	}{
		"it fails":         {ends(record.ReloadFailed, record.Failure{Code: record.WorkerFailed, Message: "no good"}), http.StatusInternalServerError, "no good"},
		"it is aborted":    {ends(record.ReloadAborted, record.Failure{Code: record.AbortAsked, Message: "too slow"}), http.StatusConflict, "too slow"},
		"the master stops": {ends(record.ReloadAborted, record.Failure{Code: record.MasterStops, Message: "it stops", Stopping: true}), http.StatusServiceUnavailable, "it stops"},
		"it is skipped": {func(f *fakeMaster, id string) {
			rolls(f, id, 1)
			f.move(id, record.ReloadRolling, record.EventReloadProgress, func(r *record.Reload) { r.PromotedAt = startedAt })
		}, http.StatusConflict, "without waiting for its canary"},
		"there is none": {func(f *fakeMaster, id string) {
			rolls(f, id, 0)
		}, http.StatusBadRequest, "there is no canary to wait for"},
		"its settings have lost it": {func(f *fakeMaster, id string) {
			f.move(id, record.ReloadFailed, record.EventReloadFailed, func(r *record.Reload) {
				r.Failure = &record.Failure{Code: record.NoCanary, Message: record.ErrNoCanary.Error()}
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
	f.stopped = record.ErrNoCanary
	p := do(t, newServer(f), "POST", "/reload?wait=canary", "").problem(http.StatusBadRequest, "canary")
	require.Contains(t, p["detail"], "--canary 1")
}

func TestAWaitForACanaryCanBeTakenUpAndRunsOut(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	at := "/reloads/" + r.ID
	p := do(t, s, "GET", at+"?wait=canary&timeout=1ms", "").problem(http.StatusGatewayTimeout, "")
	require.Contains(t, p["detail"], "the reload is not at its canary after 1ms, it is queued")
	do(t, s, "GET", at+"?require=canary", "").problem(http.StatusBadRequest, "require")
	f.move(r.ID, record.ReloadRolling, record.EventReloadProgress, canaryUp)
	do(t, s, "GET", at+"?wait=canary", "").is(http.StatusOK)
}

func TestACanaryThatIsTooLargeIsAMistakeInTheRequest(t *testing.T) {
	f := newFakeMaster()
	f.stopped = record.CanaryTooLarge{Canary: 5, Slots: 2}
	p := do(t, newServer(f), "POST", "/reload", `{"canary":5}`).problem(http.StatusBadRequest, "canary")
	require.Contains(t, p["detail"], "a canary of 5 leaves none of the 2 slots for later; it can be at most 1")
}
