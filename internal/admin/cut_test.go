package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/master"
)

func TestWhoWasCutIsTold(t *testing.T) {
	list := []master.CutConnection{
		{ID: "abc", WorkerID: "w", Listener: "tcp", Remote: "192.0.2.1:1", State: "idle", Idle: time.Minute, How: master.Cut},
		{ID: "abd", WorkerID: "w", Listener: "unix", State: "active", Idle: -1, How: master.Dropped},
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
	f.move(f.newest(), master.ReloadCompleted, master.EventReloadCompleted, func(r *master.Reload) {
		r.StartedAt, r.CutConnections = startedAt, list
	})
	receipt := get(t, s, "/reloads/"+f.newest()).is(http.StatusOK)["receipt"].(object)
	require.Equal(t, want, receipt["cut_connections"])
}

func TestAReloadIsNotCalledLosslessBeforeThatIsCertain(t *testing.T) {
	r := master.Reload{State: master.ReloadFailed, StartedAt: time.Now(), Leaving: 1, Served: true, Receipt: proven}
	require.Nil(t, viewReceipt(r).Lossless)
	r.Leaving = 0
	require.Equal(t, new(true), viewReceipt(r).Lossless)
	r.Served = false
	require.Nil(t, viewReceipt(r).Lossless, "there was nothing to lose")
	r.Leaving, r.Died = 1, 1
	require.Equal(t, new(false), viewReceipt(r).Lossless)
	r = master.Reload{State: master.ReloadLive, StartedAt: time.Now(), Receipt: master.Receipt{Died: 1}}
	require.Nil(t, viewReceipt(r).Lossless, "it has not ended")
}

func TestWhatBecameOfConnectionsUnseenIsNull(t *testing.T) {
	r := master.Reload{State: master.ReloadCompleted, StartedAt: time.Now(), CutUnknown: true,
		Receipt: master.Receipt{DrainedUnknown: true, DropUnknown: true}}
	require.Equal(t, fateView{}, viewReceipt(r).Connections)
	r.CutUnknown, r.Receipt = false, master.Receipt{Drained: 3}
	require.Equal(t, fateView{Drained: new(3), Cut: new(0), Dropped: new(0)}, viewReceipt(r).Connections)
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

func TestATimeThatNothingTookIsNull(t *testing.T) {
	view := viewProbes(master.Measured{Probes: master.Probes{Sent: 4, OK: 1, Older: 1, Unanswered: 3, Queued: 2, Silent: 1,
		Before: 1500 * time.Microsecond, Slowest: 1500 * time.Microsecond}})
	require.Equal(t, probesView{Sent: 4, OK: 1, Unanswered: 3, SlowestMS: 1.5, AnsweredBy: answeredByView{Older: 1}, NotAccepted: 2, Silent: 1, BeforeMS: new(1.5)}, view)
}
