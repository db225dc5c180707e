package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/record"
)

func TestWhoWasCutIsTold(t *testing.T) {
	list := []record.CutConnection{
		{ID: "abc", WorkerID: "w", Listener: "tcp", Remote: "192.0.2.1:1", State: "idle", Idle: time.Minute, How: record.Cut},
		{ID: "abd", WorkerID: "w", Listener: "unix", State: "active", Idle: -1, How: record.Dropped},
	}
	want := []any{
		object{"id": "abc", "worker_id": "w", "listener": "tcp", "remote": "192.0.2.1:1", "state": "idle", "idle_ms": 60000.0, "how": "cut"},
		object{"id": "abd", "worker_id": "w", "listener": "unix", "remote": nil, "state": "active", "idle_ms": nil, "how": "dropped"},
	}
	f := newFakeMaster()
	s := newServer(f)
	exit := get(t, s, "/workers/"+f.gone[0].ID).is(http.StatusOK)["exit"].(object)
	require.Equal(t, []any{}, exit["cut_connections"])
	f.with(func() { f.gone[0].Exit.CutConnections = list })
	exit = get(t, s, "/workers/"+f.gone[0].ID).is(http.StatusOK)["exit"].(object)
	require.Equal(t, want, exit["cut_connections"])

	do(t, s, "POST", "/reload", "")
	f.move(f.newest(), record.ReloadCompleted, record.EventReloadCompleted, func(r *record.Reload) {
		r.StartedAt, r.CutConnections = startedAt, list
	})
	receipt := get(t, s, "/reloads/"+f.newest()).is(http.StatusOK)["receipt"].(object)
	require.Equal(t, want, receipt["cut_connections"])
}

// Whatever keeps the master from looking is the machine's affair, and no fault inside rota.
func TestAMachineThatShowsNoConnectionsIsSaidToBeAtFault(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for _, refusal := range []error{kernel.ErrNoDiag, kernel.ErrNoProc, unix.EMFILE, unix.EIO} {
		f.kernelErr = refusal
		for _, path := range []string{"/connections", "/workers/" + f.workers[0].ID + "/connections"} {
			p := get(t, s, path).problem(http.StatusServiceUnavailable, "")
			require.Contains(t, p["detail"], refusal.Error())
		}
		require.Nil(t, get(t, s, "/status").is(http.StatusOK)["totals"].(object)["connections"])
	}
}
