package linger

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// full returns a descriptor of a connection that has unsent data, for which its close would wait an hour.
func full(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.SetNonblock(fd, true))
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 1<<16))
	}
	require.ErrorIs(t, err, unix.EAGAIN)
	require.NoError(t, unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}))
	return fd
}

func TestACloseThatWouldLingerIsCutShort(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	fd := full(t)
	go func() {
		Cut(func() { unix.Close(fd) })
		close(closed)
	}()
	requireSoon(t, closed)
}

func TestWhatBringsALingeringSocketAlongIsTakenOffTheQueue(t *testing.T) {
	t.Parallel()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	fd := full(t)
	require.NoError(t, unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(fd), nil, 0))
	closed := make(chan struct{})
	go func() {
		Cut(func() { unix.Close(fd) }) // the queue is its last holder then
		Cut(func() { _, _, _, _, err = unix.Recvmsg(pair[1], make([]byte, 8), nil, 0) })
		close(closed)
	}()
	requireSoon(t, closed)
	require.NoError(t, err)
}

func requireSoon(t *testing.T, closed <-chan struct{}) {
	t.Helper()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		require.FailNow(t, "it lingers")
	}
}
