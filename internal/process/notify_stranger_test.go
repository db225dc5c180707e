package process

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/linger"
)

// sendLingering sends a socket whose close waits an hour for unsent data, and lets go of it.
func sendLingering(t *testing.T, name string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Port: l.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.SetNonblock(fd, true))
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 1<<16))
	}
	require.NoError(t, unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}))
	sender, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(sender)
	require.NoError(t, unix.Sendmsg(sender, []byte("X=1"), unix.UnixRights(fd), &unix.SockaddrUnix{Name: name}, 0))
	linger.Cut(func() { unix.Close(fd) }) // who reads it may have let go of it already, and this close is the last
}

func TestASocketThatLingersHoldsUpNoNote(t *testing.T) {
	t.Parallel()
	socket, notes := listenTo(t, os.Getpid())
	sendLingering(t, socket.Name)
	_, err := socket.dial(t).Write([]byte("READY=1"))
	require.NoError(t, err)
	require.False(t, next(t, notes).Ready)
	require.True(t, next(t, notes).Ready)
}

func TestASocketThatLingersHoldsUpNoClose(t *testing.T) {
	t.Parallel()
	socket, err := openNotifySocket(uuid.NewString())
	require.NoError(t, err)
	sendLingering(t, socket.Name) // and nobody reads it
	closed := make(chan struct{})
	go func() { socket.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(patience):
		require.FailNow(t, "it lingers")
	}
}
