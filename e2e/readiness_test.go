package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Readiness of programs by default: what rota sees, and not what they say.

// eitherRelease is a shell that becomes the faulty program, with other flags in the revision bad.
func eitherRelease(flags string) []string {
	return []string{"sh", "-c", `[ "$ROTA_REVISION" = bad ] && exec "$0" ` + flags + `; exec "$0" -version good -mum`, faulty}
}

func TestAProgramThatSaysNothingIsReadyWhenItIsSeenToAccept(t *testing.T) {
	t.Parallel()
	r := start(t, append([]string{"--workers", "2", "--"}, eitherRelease("")...)...)
	for _, w := range r.workers() {
		require.Equal(t, "seen", w.Readiness.By)
		require.Equal(t, "seen to accept connections on the listener tcp", w.Readiness.Detail)
	}
	view := r.reload("")
	require.Equal(t, 2, view.Replaced)
	require.Empty(t, view.Assumed)
}

func TestAReleaseThatSaysItIsReadyAndDoesNotAcceptFails(t *testing.T) {
	t.Parallel()
	r := start(t, append([]string{"--workers", "1", "--start-timeout", "3s", "--"}, eitherRelease("-early -ready-when /nowhere/file")...)...)
	_, stderr, code := r.ask("reload", "--revision", "bad")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "it said READY=1, but nobody waits for connections on the listener tcp (127.0.0.1:")
	require.Contains(t, stderr, "The generation before still serves.")
}

// It says that it is ready, and Go has registered the listener, which it does not accept from.
func TestWhatIsAssumedIsSaid(t *testing.T) {
	t.Parallel()
	r := start(t, append([]string{"--workers", "1", "--start-timeout", "3s", "--"}, eitherRelease("-early -accept-when /nowhere/file")...)...)
	stdout, stderr, _ := r.ask("reload", "--revision", "bad", "--wait=live")
	const why = "it has registered the listener tcp but was not seen to accept from there"
	require.Contains(t, stdout+stderr, "Readiness was assumed, not seen: "+why+". Set ready to how it can be told")
	r.logs("readiness was assumed, not seen: it said READY=1, and " + why)
	var list struct{ Reloads []reloadView }
	require.Equal(t, http.StatusOK, r.do(http.MethodGet, "/reloads", "", &list))
	require.Equal(t, []string{why}, list.Reloads[0].Assumed)
	stdout, stderr, code := r.ask("workers")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "ready (assumed)")
}
