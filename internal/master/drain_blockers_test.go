package master

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

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
