package master

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// drainingStep is the first that says that a worker drains.
func drainingStep(t *testing.T, steps []Step) Step {
	t.Helper()
	i := slices.IndexFunc(steps, func(s Step) bool { return s.Action == "draining" })
	require.GreaterOrEqual(t, i, 0)
	return steps[i]
}

func TestTheRecordSaysWhenAnOldWorkerStoppedAccepting(t *testing.T) {
	for _, child := range []string{"serves-until-told", "keeps-its-listener"} {
		t.Run(child, func(t *testing.T) {
			r := runMasterWith(t, Options{Spec: Spec{Workers: 1}}, child)
			r.ready(1)
			c := r.held()
			reload := r.reload(ReloadRequest{}, ReloadLive)
			var s Step
			require.Eventually(t, func() bool {
				now, err := r.ReloadByID(reload.ID)
				require.NoError(t, err)
				s = drainingStep(t, now.Steps)
				return !s.StoppedAcceptingAt.IsZero()
			}, patience, msec)
			require.False(t, s.StoppedAcceptingAt.Before(s.At))
			w, err := r.Worker(s.WorkerID)
			require.NoError(t, err)
			require.Equal(t, WorkerDraining, w.State, "it has a connection")
			require.Equal(t, s.StoppedAcceptingAt, w.StoppedAcceptingAt)
			require.True(t, r.isAlone(reload))
			r.echo(c)
		})
	}
}

func (r *running) isAlone(reload Reload) bool {
	r.t.Helper()
	alone, err := r.observer.alone(reload.Generation)
	require.NoError(r.t, err)
	return alone
}

func TestNewWorkersAreNotAloneWhileAnOlderOneMayAccept(t *testing.T) {
	r := runMasterWith(t, Options{Spec: Spec{Workers: 1}}, "ignores-term")
	r.ready(1)
	require.False(t, r.isAlone(r.reload(ReloadRequest{}, ReloadLive)))
}

// Datagrams come to whoever has the socket open.
func TestNewWorkersAreNotAloneWhileAnOlderOneHasADatagramSocket(t *testing.T) {
	udp := ListenAddress{Name: "udp", Network: "udp", Address: "127.0.0.1:0"}
	r := runMasterWith(t, Options{Spec: Spec{Workers: 1, Listen: []ListenAddress{loopback, udp}}}, "serves-until-told")
	r.ready(1)
	c := r.held()
	reload := r.reload(ReloadRequest{}, ReloadLive)
	require.Eventually(t, func() bool {
		now, err := r.ReloadByID(reload.ID)
		require.NoError(t, err)
		return !drainingStep(t, now.Steps).StoppedAcceptingAt.IsZero()
	}, patience, msec)
	require.False(t, r.isAlone(reload))
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return r.isAlone(reload) }, patience, msec)
}

func TestAWorkerThatWasKilledIsNotSaidToHaveStoppedAccepting(t *testing.T) {
	r := runMasterWith(t, Options{Spec: Spec{Workers: 1, DrainTimeout: 300 * msec}}, "ignores-term")
	r.ready(1)
	reload := r.reload(ReloadRequest{}, ReloadCompleted)
	require.Zero(t, drainingStep(t, reload.Steps).StoppedAcceptingAt)
}
