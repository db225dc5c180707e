package master

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
)

// Of several workers that share a listener, the very one is reached that is looked for.
func TestAWorkerIsReachedThroughTheListenerThatItShares(t *testing.T) {
	unixSocket := listen.Spec{Name: "unix", Network: "unix", Address: filepath.Join(t.TempDir(), "x.sock")}
	own := loopback
	own.ReusePort = true
	for name, a := range map[string]listen.Spec{"tcp": loopback, "unix": unixSocket, "reuseport": own} {
		t.Run(name, func(t *testing.T) {
			r := runMaster(t, plan.Spec{Workers: 3, Listen: []listen.Spec{a}, Command: []string{os.Args[0], "website", "nowhere"}}, "")
			r.ready(3)
			workers, _ := r.workers()
			for _, w := range workers {
				got, err := r.observer.Dialer().Dial(t.Context(), r.listening()[0], []string{w.ID})
				require.NoError(t, err)
				require.Equal(t, w.ID, got.Worker)
				require.GreaterOrEqual(t, got.Offered, got.Accepted)
				require.Positive(t, got.Accepted)
				require.Zero(t, got.Unknown)
				require.True(t, r.observer.Own.Has(got.Client.Local), "it is no client's")
				requireAnswer(t, got)
				got.Close()
				r.observer.Own.End(got.Client)
			}
		})
	}
}

// requireAnswer sends a request on what it is given.
func requireAnswer(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	text, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(text), "200 OK")
}
