package e2e

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A canary that is waited for, promoted, and not promoted too early.

func TestACanaryIsWaitedForBeforeItIsPromoted(t *testing.T) {
	t.Parallel()
	gate := t.TempDir() + "/gate"
	g := newStage(t, 3, "", "canary: 1", "start_timeout: 5m", "check: ['tcp']")
	g.deploy("two", "-ready-when "+gate)
	id := g.post(t.Context(), "/reload", "").reload.ID
	at := "/reloads/" + id
	g.eventually("its plan is made", func() bool {
		var v reloadView
		g.get(at, &v)
		return v.Strategy != nil
	})
	refused := g.post(t.Context(), at+"/promote", "")
	require.Equal(t, http.StatusConflict, refused.status)
	require.Contains(t, refused.Detail, "wait=canary")
	_, stderr, code := g.ask("promote", id)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "rota reload --follow "+id+" --wait=canary")
	require.Equal(t, http.StatusGatewayTimeout, g.do(http.MethodGet, at+"?wait=canary&timeout=20ms", "", nil))

	require.NoError(t, os.WriteFile(gate, nil, 0o644))
	stdout, stderr, code := g.ask("reload", "--follow", id, "--wait=canary")
	require.Zero(t, code, stderr)
	require.Equal(t, id+"\n", stdout)
	var v reloadView
	require.Equal(t, http.StatusOK, g.get(at+"?wait=canary", &v))
	require.Equal(t, []any{"rolling", "canary", 1}, []any{v.State, v.Paused.Why, v.Replaced})
	for range 2 {
		_, stderr, code = g.ask("promote", id)
		require.Zero(t, code, stderr)
	}
	_, stderr, code = g.ask("reload", "--follow", id)
	require.Zero(t, code, stderr)
	_, stderr, code = g.ask("promote", id)
	require.Zero(t, code, stderr)
	require.Equal(t, http.StatusOK, g.get(at+"?wait=canary", nil), "it was reached")
	g.requireServed("two", 2)
}

func TestNothingIsStartedWithoutTheCanaryThatIsWaitedFor(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	v := g.post(t.Context(), "/reload?wait=canary", "")
	require.Equal(t, http.StatusBadRequest, v.status)
	require.Contains(t, v.Detail, "canary: there is no canary to wait for")
	require.Equal(t, http.StatusBadRequest, g.post(t.Context(), "/reload?wait=canary", `{"canary":0}`).status)
	stdout, stderr, code := g.ask("reload", "--wait=canary")
	require.Equal(t, 2, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "--canary 1")
	var list struct{ Reloads []reloadView }
	require.Equal(t, http.StatusOK, g.get("/reloads", &list))
	require.Empty(t, list.Reloads)

	g.settings("canary: 1") // which the master has not read yet
	require.Equal(t, http.StatusOK, g.post(t.Context(), "/reload?wait=canary", "").status)
}

func TestACanaryThatIsSkipped(t *testing.T) {
	t.Parallel()
	gate := t.TempDir() + "/gate"
	g := newStage(t, 3, "", "canary: 1", "start_timeout: 5m")
	g.deploy("two", "-ready-when "+gate)
	id := g.post(t.Context(), "/reload", "").reload.ID
	g.eventually("it is skipped", func() bool {
		_, _, code := g.ask("promote", "--skip-canary", id)
		return code == 0
	})
	require.Equal(t, http.StatusConflict, g.do(http.MethodGet, "/reloads/"+id+"?wait=canary", "", nil))
	require.NoError(t, os.WriteFile(gate, nil, 0o644))
	_, stderr, code := g.ask("reload", "--follow", id)
	require.Zero(t, code, stderr)
	g.requireServed("two", 2)
}
