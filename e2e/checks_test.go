package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Checks that rota has asked of a deploy.

func TestACheckByCommandKnowsWhatItChecks(t *testing.T) {
	t.Parallel()
	g := newStage(t, 2, "")
	load := g.serveClients("one")
	g.settings("canary: 1", "check: ['env | grep ^ROTA_ >> "+g.path("seen")+"']")
	g.deploy("two", "")
	h := g.reloadTwice()
	h.until("canary is checked", func(v reloadView) bool { return v.Paused != nil && v.Receipt.Checks.Passed > 0 })
	require.Equal(t, http.StatusOK, g.do(http.MethodPost, "/reloads/"+h.id+"/promote", "", nil))
	h.until("live", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
	load.allLeave("one")
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusOK, 0}, []any{told.status, exitCode})
	require.GreaterOrEqual(t, told.reload.Receipt.Checks.Passed, 2)
	require.Zero(t, told.reload.Receipt.Checks.Failed)
	requireLossless(t, told.reload)
	seen, err := os.ReadFile(g.path("seen"))
	require.NoError(t, err)
	require.Contains(t, string(seen), "ROTA_RELOAD_ID="+h.id+"\n")
	require.Contains(t, string(seen), "ROTA_GENERATION=2\n")
	require.Contains(t, string(seen), "ROTA_LISTEN="+g.tcp+"\n")
	require.Regexp(t, `(?m)^ROTA_CANARY_ADDRESS=127\.0\.0\.1:\d+$`, string(seen))
}

func TestACheckThatFailsTakesTheReloadBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		check   string
		soak    string
		during  func(*stage, *hooks)
		message string
		output  string
		passed  bool
	}{
		"it hangs": {check: "echo thinking; sleep 1000", soak: "0s", message: "did not end in 1s and was killed", output: "thinking"},
		"it fails after a while": {check: "if [ -e {dir}/now ]; then echo no stock; exit 7; fi", soak: "1h", during: func(g *stage, h *hooks) {
			h.until("passed once", func(v reloadView) bool { return v.State == "live" && v.Receipt.Checks.Passed > 0 })
			g.touch("now")
		}, message: "it exited with code 7", output: "no stock", passed: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := newStage(t, 2, "")
			g.settings("check: ['"+strings.ReplaceAll(c.check, "{dir}", g.dir)+"']", "check_timeout: 1s", "soak: "+c.soak)
			load := g.serveClients("one")
			g.deploy("two", "")
			h := g.reloadTwice()
			if c.during != nil {
				c.during(g, h)
			}
			told, exitCode := h.verdicts()
			load.allLeave("one")
			require.Equal(t, []any{http.StatusInternalServerError, 1}, []any{told.status, exitCode})
			require.Contains(t, told.Detail, c.message)
			require.Contains(t, told.Output, c.output)
			v := h.now()
			require.Equal(t, 1, v.Receipt.Checks.Failed)
			require.Equal(t, c.passed, v.Receipt.Checks.Passed > 0)
			require.Nil(t, v.Error.Slot)
			requireLossless(t, h.settled())
			list := g.eventsOf(h.id)
			require.Equal(t, []string{"queued", "started", "live", "failed"}, types(list))
			g.requireCovered(list[len(list)-1])
			g.requireServed("one", 1)
			g.requireNothingLeft()
		})
	}
}

// A check is of the new workers: that the old ones fail it must not make it impossible to deploy their repair.
func TestABrokenVersionIsRepairedUnderACheck(t *testing.T) {
	t.Parallel()
	g := newStage(t, 3, "-status 500", "check: ['http:/health']")
	load := g.serveClients("one")
	g.deploy("two", "")
	h := g.reloadTwice()
	h.until("live", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
	load.allLeave("one")
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusOK, 0}, []any{told.status, exitCode}, told.Detail)
	requireLossless(t, told.reload)
	require.Positive(t, told.reload.Receipt.Checks.Passed)
	require.Zero(t, told.reload.Receipt.Checks.Failed)
	g.requireServed("two", 2)

	g.deploy("three", "-status 500")
	again := g.post(t.Context(), "/reload?wait=completed", `{"checks":["http:/other"],"surge":2}`)
	require.Equal(t, http.StatusInternalServerError, again.status)
	g.requireServed("two", 2)
}
