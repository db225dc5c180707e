package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of a program a reload is on trial for a while by default; the built-in worker needs that less.
func TestProgramsAreOnTrialUnlessNobodyWantsThat(t *testing.T) {
	t.Parallel()
	soakOf := func(r *rota, body string) string {
		asked := r.post(t.Context(), "/reload", body)
		require.Equal(t, http.StatusAccepted, asked.status, asked.Detail)
		h := &hooks{r: r, id: asked.reload.ID}
		h.until("planned", func(v reloadView) bool { return v.Strategy != nil })
		r.post(t.Context(), "/reloads/"+h.id+"/abort", "") // the next one need not wait
		return h.now().Strategy.Soak
	}
	g := newStage(t, 1, "", notSet)
	require.Equal(t, "2s", soakOf(g.rota, ""))
	require.Equal(t, "0s", soakOf(g.rota, `{"soak":"0s"}`))
	g.settings("soak: 0")
	require.Equal(t, "0s", soakOf(g.rota, ""))
	require.Equal(t, "5s", soakOf(g.rota, `{"soak":"5s"}`))
	require.Equal(t, "0s", soakOf(start(t, "--workers", "1"), ""))
}

// A release that dies when its trial is over, while the older worker still has a client.
func TestAReleaseThatDoesNotStayIsNoSuccess(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "")
	held := g.holdOne("one")
	g.deploy("two", "-exit-when "+g.path("now"))
	h := g.reloadTwice()
	h.until("live for good", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
	g.touch("now")
	g.eventually("crash loop", func() bool { return len(g.status().CrashLooping) > 0 })
	g.eventually("nothing ready", func() bool { // a worker may be for a moment, before it dies
		stdout, _, code := g.ask("status")
		require.Contains(t, stdout, "crash loop in slots [0]")
		return code == 1
	})
	stdout, stderr, code := g.ask("logs", "slot:0")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "out of luck\n")
	require.NoError(t, leave(held))

	told, exitCode := h.verdicts()
	require.Equal(t, http.StatusInternalServerError, told.status)
	require.Equal(t, 1, exitCode)
	require.Contains(t, told.Detail, "the reload is completed, but unstable: slot 0 ")
	require.Contains(t, told.Detail, "the last worker exited with code 3")
	require.Contains(t, h.stderr.String(), "is completed, but unstable: slot 0 ")
	require.Contains(t, h.stderr.String(), "out of luck")
	v := h.settled()
	require.Equal(t, []any{"completed", "unstable", false}, []any{v.State, v.Error.Code, *v.Receipt.Lossless})
	list := g.eventsOf(h.id)
	require.Equal(t, "reload.completed", list[len(list)-1].Type)
	require.Equal(t, "unstable", list[len(list)-1].Reload.Error.Code)

	g.deploy("three", "-exit-at-once 3")
	told = g.post(t.Context(), "/reload?wait=completed", "")
	require.Equal(t, []any{http.StatusInternalServerError, "failed"}, []any{told.status, told.reload.State}, "from one crash loop to the next")
	require.Equal(t, "worker_failed", told.reload.Error.Code)

	g.deploy("four", "")
	told = g.post(t.Context(), "/reload?wait=completed", "")
	require.Equal(t, []any{http.StatusOK, "completed"}, []any{told.status, told.reload.State}, told.Detail)
	g.requireServed("four", told.reload.Generation)
}

func TestThePageSaysThatAReloadIsUnstable(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "")
	p := openPage(g.rota)
	p.view(1280, "light")
	p.until(connected)
	held := g.holdOne("one")
	g.deploy("two", "-exit-when "+g.path("now"))
	asked := g.post(t.Context(), "/reload", "")
	h := &hooks{r: g.rota, id: asked.reload.ID}
	h.until("live for good", func(v reloadView) bool { return v.State == "live" && !v.OnTrial })
	g.touch("now")
	g.eventually("crash loop", func() bool { return len(g.status().CrashLooping) > 0 })
	p.until(`/; next try in \d+ s/.test(document.querySelector('#workers tr[data-state=waiting] .status')?.textContent)`)
	require.NoError(t, leave(held))
	p.until(`/^unstable: completed in .* s, but slot 0 /.test(` + textOf("reload-text") + `)`)
	p.until(textOf("announcement") + `.startsWith('Reload unstable')`)
	p.reads("unstable", `document.body.dataset.reload`)
	p.until(`document.querySelectorAll('#events [data-type="reload.completed"][data-unstable]').length === 1`)
	p.matches("out of luck", textOf("reload-output-lines"))
	p.shot("unstable")
	p.noComplaints()
}
