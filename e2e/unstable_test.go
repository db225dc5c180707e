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
