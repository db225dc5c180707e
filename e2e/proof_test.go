package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A probe counts for the generation that answered it: programs that only seem to serve.

// The older workers have answered every probe that anybody did, and every client hangs afterwards.
func TestAReleaseThatAcceptsNothingProvesNothing(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "", "soak: 0")
	g.deploy("two", "-never-takes")
	h := g.reloadTwice("--require=lossless")
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusConflict, 4}, []any{told.status, exitCode})
	require.Contains(t, told.Detail, "whether it was lossless is unknown: nothing was proven: none of ")
	require.Contains(t, h.stderr.String(), "It is unknown whether anything was lost: nothing was proven: none of ")
	v := h.now()
	require.Equal(t, "completed", v.State)
	require.Nil(t, v.Receipt.Lossless)
	require.Empty(t, v.Receipt.Losses)
	require.Len(t, v.Receipt.Unproven, 1)
	require.Contains(t, v.Receipt.Unproven[0], "probes was answered by the new generation")
	p := v.Receipt.Probes
	require.Zero(t, p.AnsweredBy.New)
	require.Positive(t, p.AnsweredBy.Older)
	require.Positive(t, p.NotAccepted)
	_, stderr, code := g.ask("reload", "--follow", h.id)
	require.Zero(t, code, stderr)
}

// The older worker has stopped, and the new one says that it is ready, and is not.
func TestAStallIsALoss(t *testing.T) {
	t.Parallel()
	g := newStage(t, 1, "", "soak: 0")
	g.deploy("two", "-accept-when "+g.path("now"))
	h := g.reloadTwice()
	h.until("somebody waits", func(v reloadView) bool { return v.State == "live" && v.Receipt.Probes.Unanswered > 0 })
	g.touch("now")
	told, exitCode := h.verdicts()
	require.Equal(t, []any{http.StatusOK, 4}, []any{told.status, exitCode})
	v := h.now()
	require.False(t, *v.Receipt.Lossless)
	require.Len(t, v.Receipt.Losses, 1)
	require.Regexp(t, `^a probe stalled for .*s; before the reload the slowest took .*s$`, v.Receipt.Losses[0])
	require.NotNil(t, v.Receipt.Probes.StalledMS)
	require.NotNil(t, v.Receipt.Probes.BeforeMS)
	require.Greater(t, *v.Receipt.Probes.StalledMS, *v.Receipt.Probes.BeforeMS)
	require.Contains(t, h.stderr.String(), "Not lossless: a probe stalled for ")
	require.Positive(t, v.Receipt.Probes.AnsweredBy.New)
}

func TestAQuickReloadIsProvenAllTheSame(t *testing.T) {
	t.Parallel()
	r := start(t, "--workers", "2")
	for range 3 {
		var v reloadView
		require.Equal(t, http.StatusOK, r.do(http.MethodPost, "/reload?wait=completed&require=lossless", "", &v))
		requireLossless(t, v)
		require.Positive(t, v.Receipt.Probes.AnsweredBy.New)
		require.Zero(t, v.Receipt.Probes.AnsweredBy.Unknown)
	}
}
