package admin

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/master"
	"rota/internal/observer"
	"rota/internal/record"
)

func TestAConnectionIsClosedByItsID(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 3)
	s := newServer(f)
	id := f.connections[1].ID()
	view := do(t, s, "DELETE", "/connections/"+id, "").is(http.StatusOK)
	require.Equal(t, "shutdown", view["how"])
	require.Equal(t, id, view["connection"].(object)["id"])
	require.NotContains(t, ids(get(t, s, "/connections").is(http.StatusOK)), id)

	p := do(t, s, "DELETE", "/connections/"+id, "").problem(http.StatusNotFound, "")
	require.Contains(t, p["detail"], "GET /connections")
	a := do(t, s, "POST", "/connections/"+id, "")
	a.problem(http.StatusMethodNotAllowed, "")
	require.Equal(t, "DELETE", a.Header().Get("Allow"))
}

func TestWhyAConnectionIsNotClosed(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 3)
	s := newServer(f)
	target := "/connections/" + f.connections[0].ID()
	for _, c := range []struct {
		err    error
		status int
		says   string
	}{
		{fmt.Errorf("%w: pidfd_getfd: %w; needs CAP_NET_ADMIN", master.ErrNotClosed, unix.EPERM), 403, "CAP_NET_ADMIN"},
		{fmt.Errorf("%w: pidfd_getfd: %w", master.ErrNotClosed, unix.ENOSYS), 409, "not implemented"},
		{master.ErrUnseen, 503, "does not show"},
		{fmt.Errorf("list: %w", kernel.ErrNoDiag), 503, "does not list"},
		{master.ErrStopped, 503, "stopped"},
	} {
		f.with(func() { f.refusal = c.err })
		require.Contains(t, do(t, s, "DELETE", target, "").problem(c.status, "")["detail"], c.says)
		require.Contains(t, do(t, s, "POST", "/workers/"+f.workers[0].ID+"/evict?idle=1s", "").problem(c.status, "")["detail"], c.says)
	}
}

func TestTheIdleConnectionsOfAWorkerAreEvicted(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 1000)
	s := newServer(f)
	evict := "/workers/" + f.workers[0].ID + "/evict"
	view := do(t, s, "POST", evict+"?idle=0s", "").is(http.StatusOK)
	require.Equal(t, 250.0, view["evicted"])
	require.Len(t, view["connections"], 100)
	require.Len(t, view["failed"], 100)
	failed := view["failed"].([]any)[0].(object)
	require.Equal(t, object{"id": f.connections[2].ID(), "error": master.ErrNotClosed.Error()}, failed)

	none := do(t, s, "POST", evict+"?idle=1h", "").is(http.StatusOK)
	require.Equal(t, object{"evicted": 0.0, "connections": []any{}, "failed": []any{}}, none)

	do(t, s, "POST", "/workers/nobody/evict?idle=1s", "").problem(http.StatusNotFound, "")
	for _, query := range []string{"", "?idle=", "?idle=30", "?idle=-1s", "?idle=721h", "?idle=1s&idle=2s"} {
		do(t, s, "POST", evict+query, "").problem(http.StatusBadRequest, "idle")
	}
}

func TestAForeignPageClosesNothing(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 4)
	s := newServer(f)
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Origin: http://evil.example", "Host: evil.example"} {
		do(t, s, "DELETE", "/connections/"+f.connections[0].ID(), "", header).problem(http.StatusForbidden, "")
		do(t, s, "POST", "/workers/"+f.workers[0].ID+"/evict?idle=0s", "", header).problem(http.StatusForbidden, "")
	}
	require.Len(t, f.connections, 4)
}

func TestADrainingWorkerTellsWhatItWaitsFor(t *testing.T) {
	f := newFakeMaster()
	f.connections = manyConnections(f, 1)
	s := newServer(f)
	target := "/workers/" + f.workers[0].ID
	require.NotContains(t, get(t, s, target).is(http.StatusOK), "waiting_for")
	f.with(func() { f.workers[0].State = record.WorkerDraining })
	waiting := get(t, s, target).is(http.StatusOK)["waiting_for"].(object)
	require.Equal(t, 1.0, waiting["idle"])
	require.Equal(t, f.connections[0].ID(), waiting["oldest"].(object)["id"])
	require.Equal(t, []any{f.connections[0].Remote}, waiting["peers"])
	for _, w := range get(t, s, "/workers").is(http.StatusOK)["workers"].([]any) {
		require.NotContains(t, w, "waiting_for")
	}
	f.with(func() { f.kernelErr = kernel.ErrNoDiag })
	waiting = get(t, s, target).is(http.StatusOK)["waiting_for"].(object)
	require.Equal(t, object{"connections": nil, "active": nil, "idle": nil, "half_closed": nil, "oldest": nil, "peers": []any{},
		"holds_text": "the kernel does not tell what it holds", "peers_text": ""}, waiting)
}

func TestAReloadTellsWhatItWaitsFor(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	asked := do(t, s, "POST", "/reload", "").is(http.StatusAccepted)
	require.NotContains(t, asked, "waiting_for")
	target := "/reloads/" + asked["id"].(string)
	require.Equal(t, []any{}, get(t, s, target).is(http.StatusOK)["waiting_for"])
	f.with(func() {
		f.waitingFor = []master.WaitingFor{
			{Worker: f.workers[0], Holding: &observer.Holding{Connections: 2, Active: 1, HalfClosed: 1, Peers: []string{"192.0.2.1:1"}}},
			{Worker: f.workers[1]},
		}
	})
	waiting := get(t, s, target).is(http.StatusOK)["waiting_for"].([]any)
	require.Equal(t, object{"worker_id": f.workers[0].ID, "slot": 0.0, "generation": 3.0, "connections": 2.0, "active": 1.0, "idle": 0.0,
		"half_closed": 1.0, "oldest": nil, "peers": []any{"192.0.2.1:1"},
		"holds_text": "2 connections (1 active, 1 half-closed)", "peers_text": ""}, waiting[0])
	require.Nil(t, waiting[1].(object)["connections"], "the kernel does not tell")
	require.NotContains(t, get(t, s, "/reloads").is(http.StatusOK)["reloads"].([]any)[0], "waiting_for")
}
