package master

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/plan"
	"rota/internal/record"
)

// endingIn has the one worker, of which two clients have had an answer, and one has asked, end in a way because of a reload.
func endingIn(t *testing.T, how string, meanwhile func(clients []net.Conn)) record.Reload {
	t.Helper()
	r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1, Command: []string{os.Args[0], "ends-its-way", how}}}, "")
	r.ready(1)
	clients := r.greeted(3)
	require.Eventually(t, func() bool { return r.of(clients[0]).TCP.Idle > 0 }, patience, time.Millisecond) // another tick of the kernel's
	_, err := clients[0].Write([]byte("question"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { // it has arrived, and was read if that is to be
		c := r.of(clients[0])
		return c.TCP.BytesIn > 0 && (c.RecvQueue > 0) == strings.Contains(how, "deaf")
	}, patience, time.Millisecond)
	r.reload(record.ReloadRequest{}, record.ReloadLive)
	if strings.HasPrefix(how, "drained") { // it stays until its clients leave, so it can be waited for what is seen of it
		require.Eventually(t, func() bool {
			list, _ := r.workers()
			return slices.ContainsFunc(list, func(w record.Worker) bool { return !w.StoppedAcceptingAt.IsZero() })
		}, patience, time.Millisecond)
		for r.next(record.EventReloadProgress).Reload.ConnectionsRemaining < 3 {
			continue
		}
	}
	meanwhile(clients)
	return *r.next(record.EventReloadCompleted).Reload
}

// A worker that is not ready yet may have clients already. Who reaches it, and not the one that serves, makes it die.
func TestClientsOfANewWorkerThatDiesBeforeItIsReadyAreLost(t *testing.T) {
	r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyNotify},
		Command: []string{os.Args[0], "ends-its-way", "young"}}}, "")
	r.ready(1)
	asked, err := r.Reload(record.ReloadRequest{})
	require.NoError(t, err)
	var young []net.Conn
	for len(young) < 3 {
		c := r.greeted(1)[0]
		if r.of(c).WorkerID != r.holder(1) {
			young = append(young, c)
		}
	}
	_, err = young[0].Write([]byte("question"))
	require.NoError(t, err)
	failed := r.next(record.EventReloadFailed).Reload
	require.Equal(t, asked.ID, failed.ID)
	require.True(t, failed.Dropped > 0 || failed.DropUnknown)
}

// holder is the worker of a generation.
func (r *running) holder(generation int) string {
	workers, _ := r.workers()
	for _, w := range workers {
		if w.Generation == generation {
			return w.ID
		}
	}
	return ""
}
