package worker

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestTwoWorkersShareOneListener(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	workers := []*shift{
		startWorker(t, Options{}, share(t, "tcp", ln)),
		startWorker(t, Options{}, share(t, "tcp", ln)),
	}
	served := func(w *shift) int {
		closed, _ := w.log.all("connection fully closed")
		return len(closed)
	}
	// One after the other, each when the workers are done with the one before: the kernel has the choice between
	// two sleepers every time. A worker that keeps its place at the head of the line would get all of them.
	total := 0
	for deadline := time.Now().Add(patience); min(served(workers[0]), served(workers[1])) < 2*acceptsPerPlace; total++ {
		require.True(t, time.Now().Before(deadline), "one worker gets everything")
		c := dial(t, ln)
		greet(t, c)
		require.NoError(t, c.Close())
		waitForCloses(t, workers, total+1)
	}
	for _, w := range workers {
		w.drain()
		total -= int(w.log.wait(t, "drained")["connections"].(float64))
	}
	require.Zero(t, total)
}

func waitForCloses(t *testing.T, workers []*shift, want int) {
	t.Helper()
	timeout := time.After(patience)
	for {
		first, firstNews := workers[0].log.all("connection fully closed")
		second, secondNews := workers[1].log.all("connection fully closed")
		if len(first)+len(second) == want {
			return
		}
		select {
		case <-firstNews:
		case <-secondNews:
		case <-timeout:
			require.Fail(t, "a connection was never closed")
		}
	}
}

func TestAcceptingPausesWithoutDescriptorsAndGoesOn(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "tcp", ln))
	greet(t, dial(t, ln)) // whatever the first one makes this process open is open now

	restore := leaveOneDescriptor(t)
	c := dial(t, ln) // takes it
	line := w.log.wait(t, "connections can't be accepted, accepting pauses")
	require.Equal(t, "warn", line["level"])
	require.Contains(t, line["error"], "too many open files")
	restore()
	greet(t, c)
}

// leaveOneDescriptor lets the process open one more file, until restore is called.
func leaveOneDescriptor(t *testing.T) (restore func()) {
	t.Helper()
	free, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	var was unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
	now := unix.Rlimit{Cur: uint64(free) + 1, Max: was.Max}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &now))
	restore = func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &was)) }
	t.Cleanup(restore)
	require.NoError(t, unix.Close(free))
	return restore
}

func TestASocketThatCantBeServedIsRefusedByName(t *testing.T) {
	require.ErrorIs(t, Run(t.Context(), Options{}), ErrNoListeners)

	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	requireRefused(t, fd, ErrNotServable, "non-socket")

	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	requireRefused(t, fd, ErrNotListening, "doesn't listen")

	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(t.TempDir(), "socket")}))
	require.NoError(t, unix.Listen(fd, 1))
	requireRefused(t, fd, ErrNotServable, "sequential packets")

	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	require.NoError(t, err)
	requireRefused(t, fd, ErrNotServable, "neither UDP nor unix")
}

func requireRefused(t *testing.T, fd int, reason error, saying string) {
	t.Helper()
	err := Run(t.Context(), Options{Listeners: []Listener{{Name: "odd", FD: fd}}})
	require.ErrorIs(t, err, reason)
	require.ErrorContains(t, err, `"odd"`)
	require.ErrorContains(t, err, saying)
	require.ErrorIs(t, unix.Close(fd), unix.EBADF, "the descriptor was not closed")
}
