package master

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

func TestAReloadTellsWhatItWaitsFor(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2}, "drains")
	r.ready(2)
	clients := r.greeted(3)
	require.NoError(t, clients[1].(*net.TCPConn).CloseWrite()) // the worker reads the end, and closes
	requireEnded(t, clients[1])
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)

	_, err := r.WaitingFor("nobody")
	require.ErrorIs(t, err, record.ErrNoReload)
	list, err := r.WaitingFor(reload.ID)
	require.NoError(t, err)
	var peers []string
	for _, w := range list {
		require.Equal(t, record.WorkerDraining, w.State)
		require.Equal(t, 1, w.Generation)
		require.Equal(t, len(w.Holding.Peers), w.Holding.Connections)
		peers = append(peers, w.Holding.Peers...)
	}
	require.ElementsMatch(t, []string{clients[0].LocalAddr().String(), clients[2].LocalAddr().String()}, peers)

	clients[0].Close()
	clients[2].Close()
	r.next(record.EventReloadCompleted)
	list, err = r.WaitingFor(reload.ID)
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestAHoldingIsWhatItsConnectionsAddUpTo(t *testing.T) {
	require.Equal(t, Holding{}, holdingOf(nil))
	var list []listen.Connection
	add := func(idle time.Duration, state string, remote string) {
		list = append(list, listen.Connection{Connection: kernel.Connection{Cookie: uint64(len(list)), TCPState: state, Remote: remote, TCP: &kernel.TCPInfo{Idle: idle}}})
	}
	for range 12 {
		add(time.Minute, "ESTABLISHED", "the crowd")
	}
	add(time.Hour, "CLOSE_WAIT", "the quietest")
	add(0, "ESTABLISHED", "the loudest")
	list = append(list, listen.Connection{Connection: kernel.Connection{TCPState: "ESTABLISHED"}}) // unix
	h := holdingOf(list)
	require.Equal(t, 15, h.Connections)
	require.Equal(t, 13, h.Idle)
	require.Equal(t, 1, h.Active)
	require.Equal(t, 1, h.HalfClosed)
	require.Equal(t, "the quietest", h.Oldest.Remote)
	require.Equal(t, append([]string{"the quietest"}, []string{"the crowd", "the crowd", "the crowd", "the crowd", "the crowd",
		"the crowd", "the crowd", "the crowd", "the crowd"}...), h.Peers)

	h = holdingOf(list[14:])
	require.Empty(t, h.Peers, "the peer has no name")
	require.NotNil(t, h.Oldest)
}
