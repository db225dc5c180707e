package kernel

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The kernel handles loopback packets on its own time; this bounds the waiting.
const (
	patience = time.Minute
	tick     = time.Millisecond
)

// TestMain makes this process what the master is: the one who gets the orphans.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == inOwnGroup {
		panic(becomeOwnGroup(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == mainThreadEnds {
		endMainThread()
	}
	if len(os.Args) > 2 && os.Args[1] == waiterVerb {
		runWaiter()
	}
	if len(os.Args) > 4 && os.Args[1] == lookerVerb {
		runLooker()
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func listen(t testing.TB, network, address string) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

// abstract is a name that tests of another checkout don't use at the same time.
func abstract(name string) string {
	return fmt.Sprintf("@rota-%d-%s", os.Getpid(), name)
}

// listenShared lets others listen at the same address.
func listenShared(t testing.TB, network, address string) net.Listener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			require.NoError(t, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		})
	}}
	ln, err := config.Listen(t.Context(), network, address)
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

func listenPacket(t testing.TB, network, address string) net.PacketConn {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), network, address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// describe reaches the listener's own descriptor: File() would hand out a copy,
// and its Fd() would make the shared socket blocking.
func describe(t testing.TB, name string, socket any) (l Listener) {
	t.Helper()
	withFD(t, socket.(syscall.Conn), func(fd int) {
		var err error
		l, err = Describe(name, fd)
		require.NoError(t, err)
	})
	return l
}

func withFD(t testing.TB, socket syscall.Conn, use func(fd int)) {
	t.Helper()
	raw, err := socket.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { use(int(fd)) }))
}

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout(network, address, patience)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func accept(t testing.TB, ln net.Listener) net.Conn {
	t.Helper()
	conn, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// connect is a dialled and accepted pair.
func connect(t testing.TB, ln net.Listener) (client, server net.Conn) {
	t.Helper()
	client = dial(t, ln.Addr().Network(), ln.Addr().String())
	return client, accept(t, ln)
}

// only is the one connection of the listeners.
func only(t testing.TB, listeners ...Listener) Connection {
	t.Helper()
	connections, err := Connections(listeners)
	require.NoError(t, err)
	require.Len(t, connections, 1)
	return connections[0]
}

// eventually waits until the one connection of the listener is as wanted.
func eventually(t testing.TB, l Listener, wanted func(Connection) bool) (last Connection) {
	t.Helper()
	require.Eventually(t, func() bool {
		connections, err := Connections([]Listener{l})
		if err != nil || len(connections) != 1 {
			return false
		}
		last = connections[0]
		return wanted(last)
	}, patience, tick)
	return last
}

func inode(t testing.TB, socket any) (number uint64) {
	t.Helper()
	withFD(t, socket.(syscall.Conn), func(fd int) {
		var stat syscall.Stat_t
		require.NoError(t, syscall.Fstat(fd, &stat))
		number = stat.Ino
	})
	return number
}

func openFiles(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// duplicate is the listener as a file that a child can inherit.
func duplicate(t testing.TB, ln net.Listener) *os.File {
	t.Helper()
	file, err := ln.(*net.UnixListener).File()
	require.NoError(t, err)
	return file
}
