package master

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// drainingStep is the first that says that a worker drains.
func drainingStep(t *testing.T, steps []record.Step) record.Step {
	t.Helper()
	i := slices.IndexFunc(steps, func(s record.Step) bool { return s.Action == "draining" })
	require.GreaterOrEqual(t, i, 0)
	return steps[i]
}

func TestTheRecordSaysWhenAnOldWorkerStoppedAccepting(t *testing.T) {
	for _, child := range []string{"serves-until-told", "keeps-its-listener"} {
		t.Run(child, func(t *testing.T) {
			r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1}}, child)
			r.ready(1)
			c := r.held()
			reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
			var s record.Step
			require.Eventually(t, func() bool {
				now, err := r.ReloadByID(reload.ID)
				require.NoError(t, err)
				s = drainingStep(t, now.Steps)
				return !s.StoppedAcceptingAt.IsZero()
			}, patience, time.Millisecond)
			require.False(t, s.StoppedAcceptingAt.Before(s.At))
			w, err := r.Worker(s.WorkerID)
			require.NoError(t, err)
			require.Equal(t, record.WorkerDraining, w.State, "it has a connection")
			require.Equal(t, s.StoppedAcceptingAt, w.StoppedAcceptingAt)
			require.True(t, r.isAlone(reload))
			r.echo(c)
		})
	}
}

func (r *running) isAlone(reload record.Reload) bool {
	r.t.Helper()
	alone, err := r.observer.Alone(reload.Generation)
	require.NoError(r.t, err)
	return alone
}

func TestNewWorkersAreNotAloneWhileAnOlderOneMayAccept(t *testing.T) {
	r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1}}, "ignores-term")
	r.ready(1)
	require.False(t, r.isAlone(r.reload(record.ReloadRequest{}, record.ReloadLive)))
}

// Datagrams come to whoever has the socket open.
func TestNewWorkersAreNotAloneWhileAnOlderOneHasADatagramSocket(t *testing.T) {
	udp := listen.Spec{Name: "udp", Network: "udp", Address: "127.0.0.1:0"}
	r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1, Listen: []listen.Spec{loopback, udp}}}, "serves-until-told")
	r.ready(1)
	c := r.held()
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Eventually(t, func() bool {
		now, err := r.ReloadByID(reload.ID)
		require.NoError(t, err)
		return !drainingStep(t, now.Steps).StoppedAcceptingAt.IsZero()
	}, patience, time.Millisecond)
	require.False(t, r.isAlone(reload))
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return r.isAlone(reload) }, patience, time.Millisecond)
}

func TestAWorkerThatWasKilledIsNotSaidToHaveStoppedAccepting(t *testing.T) {
	r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1, DrainTimeout: 300 * time.Millisecond}}, "ignores-term")
	r.ready(1)
	reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
	require.Zero(t, drainingStep(t, reload.Steps).StoppedAcceptingAt)
}

// keepListener accepts by epoll until it is told to stop, and then leaves its set without closing the listener. It
// ends with its last connection.
func keepListener() {
	terminated := whenTerminated()
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		os.Exit(5)
	}
	add := func(fd int) error {
		return unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	}
	if err := add(3); err != nil {
		os.Exit(5)
	}
	sayReady()
	draining, open := false, 0
	for events := make([]unix.EpollEvent, 8); !draining || open > 0; {
		n, _ := unix.EpollWait(set, events, 1)
		for _, e := range events[:max(n, 0)] {
			buffer := make([]byte, 512)
			if e.Fd == 3 {
				if c, _, err := unix.Accept4(3, unix.SOCK_CLOEXEC); err == nil && add(c) == nil {
					open++
				}
			} else if n, _ := unix.Read(int(e.Fd), buffer); n > 0 {
				_, _ = unix.Write(int(e.Fd), buffer[:n])
			} else {
				unix.Close(int(e.Fd))
				open--
			}
		}
		select {
		case <-terminated:
			draining = true
			_ = unix.EpollCtl(set, unix.EPOLL_CTL_DEL, 3, nil)
		default:
		}
	}
}
