package master

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/record"
)

// TestWhatAReloadHasChangedIsTakenBackWithoutALoss aborts reloads that are live on trial, which have given
// listeners up, opened others and changed the pool's size.
func TestWhatAReloadHasChangedIsTakenBackWithoutALoss(t *testing.T) {
	kept := listen.Spec{Name: "kept", Network: "tcp", Address: freePort(t), ReusePort: true}
	old := listen.Spec{Name: "old", Network: "unix", Address: filepath.Join(t.TempDir(), "old.sock")}
	older := listen.Spec{Name: "older", Network: "tcp", Address: "127.0.0.1:0"}
	added := listen.Spec{Name: "new", Network: "tcp", Address: "127.0.0.2:0"}
	appeared := listen.Spec{Name: "appeared", Network: "unix", Address: filepath.Join(t.TempDir(), "new.sock")}
	spec := greeting(kept, old, older)
	spec.Workers = 3
	before := *spec
	r := changing(t, spec)
	stop := load(t, "tcp", kept.Address)
	was, files := r.listening(), openTargets()
	for _, size := range []int{1, 5} {
		*spec = before
		spec.Workers, spec.Strategy.Soak = size, time.Hour
		spec.Listen = []listen.Spec{added, kept, appeared}
		reload, err := r.Reload(record.ReloadRequest{})
		require.NoError(t, err)
		require.Equal(t, reload.ID, r.next(record.EventReloadLive).ReloadID)
		became := r.listening()
		for _, a := range became {
			_, err = greeted(a.Network, a.Address)
			require.NoError(t, err, a.Name)
		}
		_, err = net.Dial(old.Network, old.Address)
		require.Error(t, err, "it is given up")
		_, err = r.Control(reload.ID, record.VerbAbort, "")
		require.NoError(t, err)
		reload, err = r.Wait(t.Context(), reload.ID, record.ReloadCompleted)
		require.NoError(t, err)
		require.Equal(t, record.ReloadAborted, reload.State, "%v", reload.Failure)
		require.Empty(t, reload.Losses())
		for _, a := range was {
			_, err = greeted(a.Network, a.Address)
			require.NoError(t, err, a.Name)
		}
		r.settled()
		workers, generation := r.workers()
		require.Equal(t, 1, generation)
		require.Len(t, workers, 3)
		require.NoFileExists(t, appeared.Address)
		_, err = net.Dial("tcp", became[0].Address)
		require.Error(t, err)
	}
	stop()
	require.Eventually(t, func() bool { return len(openTargets()) <= len(files) }, patience, time.Millisecond)
	*spec = before
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
}
