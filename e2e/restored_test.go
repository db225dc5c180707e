package e2e

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a program opens by itself is not pinned: who edits it in place has changed the generation before, too.
func TestAFileEditedInPlaceIsFoundToBreakTheGenerationBefore(t *testing.T) {
	t.Parallel()
	g := &stage{site: newSite(t), slots: 2}
	edit := func(faults string) {
		script := "exec " + g.self() + " -version one " + faults + "\n"
		require.NoError(t, os.WriteFile(g.path("app.sh"), []byte(script), 0o644))
	}
	edit("")
	g.write("listen: ['127.0.0.1:0']", "workers: 2", "dir: "+g.dir, "command: [sh, app.sh]", "ready: notify", "check: ['http:/health']")
	g.rota = g.start()
	edit("-status 500")
	h := g.reloadTwice()
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusInternalServerError, 1}, []any{told.status, exitCode})
	require.Contains(t, told.Detail, "was answered with 500 Whatever; generation 1, which serves again, does not pass the checks either: GET")
	require.Contains(t, h.stderr.String(), "The generation before serves again, but is not well")
	v := h.now()
	require.Equal(t, "failed", v.State)
	require.True(t, v.Error.CheckFailed)
	require.False(t, v.Error.RevertFailed)
	require.Equal(t, "check_failed", v.Error.Code)
	require.Equal(t, 1, v.Receipt.Checks.Failed, "of the new generation")

	edit("")
	require.Equal(t, http.StatusOK, g.post(t.Context(), "/reload?wait=live", "").status)
}

// A release that serves one of two listeners loses the clients of the other.
func TestAReleaseThatServesOneOfTwoListenersIsTakenBack(t *testing.T) {
	t.Parallel()
	g := &stage{site: newSite(t), slots: 2}
	g.write("listen: ['127.0.0.1:0', 'admin=127.0.0.1:0']", "workers: 2", "command: ["+faulty+", -version, one]", "ready: notify", "check_timeout: 1s")
	g.rota = g.start()
	h := g.post(t.Context(), "/reload?wait=live", `{"checks":["tcp"]}`)
	require.Equal(t, http.StatusInternalServerError, h.status)
	require.Contains(t, h.Detail, "nobody accepted a connection to admin (")
}
