package listen

import (
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

func TestHint(t *testing.T) {
	for _, c := range []struct {
		network string
		err     error
		advice  string // "": none
	}{
		{"tcp", syscall.EADDRINUSE, "is another rota running?"},
		{"unix", syscall.EADDRINUSE, "is another rota running?"},
		{"tcp", syscall.EACCES, "ports below 1024 need root"},
		{"unix", syscall.EACCES, "directory must be writable"},
		{"unix", syscall.ENOENT, "create the socket's directory"},
		{"tcp", syscall.EADDRNOTAVAIL, ""},
	} {
		cause := &net.OpError{Op: "listen", Net: c.network, Err: os.NewSyscallError("bind", c.err)}
		got := Hint(c.network, cause)
		require.ErrorIs(t, got, c.err)
		if c.advice == "" {
			require.Equal(t, error(cause), got)
			continue
		}
		require.True(t, strings.HasPrefix(got.Error(), cause.Error()+"; "), "%s", got)
		require.ErrorContains(t, got, c.advice, "%s", c.network)
		require.Equal(t, c.advice == "ports below 1024 need root", strings.Contains(got.Error(), "ports"), "%s", got)
	}
}

func TestWhoComesLateIsTurnedAwayAndWhoWaitsIsAnswered(t *testing.T) {
	l, err := OpenSocket(Spec{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"})
	require.NoError(t, err)
	defer l.Close()
	address := l.Kernel.Address()
	var waiting []net.Conn
	for range 3 {
		c, err := net.DialTimeout("tcp", address, patience)
		require.NoError(t, err)
		defer c.Close()
		waiting = append(waiting, c)
	}

	l.turnAway()
	late, err := net.DialTimeout("tcp", address, 500*time.Millisecond)
	if err == nil {
		late.Close()
	}
	var timeout net.Error
	require.ErrorAs(t, err, &timeout, "it was let in")
	require.True(t, timeout.Timeout(), "it was refused: %s", err)

	worker := workersEnd(t, l)
	for range waiting {
		c, err := worker.Accept()
		require.NoError(t, err)
		_, err = c.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	for _, c := range waiting {
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		answer, err := io.ReadAll(c)
		require.NoError(t, err)
		require.Equal(t, "x", string(answer))
	}
}

// workersEnd is the listener as a worker has it.
func workersEnd(t *testing.T, l *Socket) *net.TCPListener {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(l.FD), unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	listener, err := net.FileListener(f)
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	require.NoError(t, listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
	return listener.(*net.TCPListener)
}

func TestASlotsOwnSocketGetsConnectionsWhileItsSlotHasAWorker(t *testing.T) {
	a := loopback
	a.ReusePort = true
	b, err := BindTo(a, 2, nil)
	require.NoError(t, err)
	defer b.Close()
	reached := func() (slots []int) {
		before := depths(t, b)
		for range 100 {
			c, err := net.Dial("tcp", b.BoundAddress())
			require.NoError(t, err)
			defer c.Close()
		}
		for slot, depth := range depths(t, b) {
			if depth > before[slot] {
				slots = append(slots, slot)
			}
		}
		return slots
	}
	grow := func(slot int) {
		_, err := b.ForSlot(slot)
		require.NoError(t, err)
	}
	require.Equal(t, []int{0, 1}, reached())
	grow(2)
	grow(3)
	require.Equal(t, []int{0, 1}, reached(), "nobody waits for a worker that may never be ready")
	require.NoError(t, b.Admit(3))
	require.Equal(t, []int{0, 1}, reached(), "slot 2 comes before slot 3")
	require.NoError(t, b.Admit(2))
	require.Equal(t, []int{0, 1, 2, 3}, reached())
	require.NoError(t, b.Dismiss(1))
	require.Equal(t, []int{0}, reached())
	grow(1)
	require.NoError(t, b.Admit(1))
	require.Equal(t, []int{0, 1}, reached(), "the pool has grown again before the sockets were closed")
}

// depths are how many wait at each of the listener's sockets.
func depths(t *testing.T, b *Binding) []uint32 {
	t.Helper()
	var list []uint32
	for _, s := range b.Sockets {
		queues, err := kernel.AcceptQueues([]kernel.Listener{s.Kernel})
		require.NoError(t, err)
		list = append(list, queues[s.Kernel.Name].Depth)
	}
	return list
}
