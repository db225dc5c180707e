package kernel

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func peerOf(t testing.TB, c net.Conn) Peer {
	t.Helper()
	p, err := PeerOf(c)
	require.NoError(t, err)
	return p
}

func TestAConnectionIsQueuedThenHeldThenDropped(t *testing.T) {
	for _, at := range [][2]string{
		{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"tcp", "[::]:0"},
		{"unix", filepath.Join(t.TempDir(), "x.sock")}, {"unix", abstract("peer")},
	} {
		t.Run(at[0]+" "+at[1], func(t *testing.T) {
			ln := listen(t, at[0], at[1])
			client := dial(t, ln.Addr().Network(), reachable(ln))
			require.Equal(t, Peer{Where: PeerQueued}, peerOf(t, client))
			server := accept(t, ln)
			require.Equal(t, Peer{Inode: inode(t, server), Where: PeerHeld}, peerOf(t, client))
			require.NoError(t, client.(interface{ CloseWrite() error }).CloseWrite())
			require.Equal(t, PeerHeld, peerOf(t, client).Where, "a half-closed one is still held")
			require.NoError(t, server.Close())
			require.Zero(t, peerOf(t, client).Inode)
			require.NotEqual(t, PeerHeld, peerOf(t, client).Where)
		})
	}
}

// reachable is where a client of a listener on any address connects over IPv4.
func reachable(ln net.Listener) string {
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return ln.Addr().String()
}

func TestAPeerThatSaidNothingToAListenerThatDefersIsHalfThere(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	withFD(t, ln.(syscall.Conn), func(fd int) {
		require.NoError(t, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 30))
	})
	client := dial(t, "tcp4", ln.Addr().String())
	require.Equal(t, PeerHalf, peerOf(t, client).Where)
	require.NoError(t, client.(*net.TCPConn).CloseWrite())
	server := accept(t, ln)
	require.Equal(t, Peer{Inode: inode(t, server), Where: PeerHeld}, peerOf(t, client))
}

func TestAPeerWhoseListenerAloneIsLeftIsUnseen(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	require.NoError(t, server.(*net.TCPConn).SetLinger(0))
	require.NoError(t, server.Close())
	require.Equal(t, Peer{}, peerOf(t, client), "the listener is not taken for it")
}

func TestWhoseASocketIs(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	ourselves, err := FindProcess(os.Getpid())
	require.NoError(t, err)
	parent, err := FindProcess(os.Getppid())
	require.NoError(t, err)
	var f Finder
	for range 2 { // the second is at the same descriptor, if nobody else opens one
		client, server := connect(t, ln)
		for want, families := range [][]Family{{{ourselves}}, {{}, {parent, ourselves}}, {{parent}, {}, {ourselves}}} {
			found, err := f.Find(families, inode(t, server))
			require.NoError(t, err)
			require.Equal(t, want, found)
		}
		at := inode(t, server)
		require.NoError(t, client.Close())
		require.NoError(t, server.Close())
		found, err := f.Find([]Family{{ourselves}}, at)
		require.NoError(t, err)
		require.Equal(t, -1, found)
	}
	another := ourselves
	another.Started = 1
	found, err := f.Find([]Family{{another}}, inode(t, ln))
	require.NoError(t, err)
	require.Equal(t, -1, found, "the process that had the pid is gone")
}

// BenchmarkPeerOf9000 is one look at one of many connections.
func BenchmarkPeerOf9000(b *testing.B) {
	crowded(b)
	ln := listen(b, "tcp4", "127.0.0.1:0")
	client, _ := connect(b, ln)
	for b.Loop() {
		require.Equal(b, PeerHeld, peerOf(b, client).Where)
	}
}

// BenchmarkFind9000 is the worst case: nobody has it. The process has twice the descriptors.
func BenchmarkFind9000(b *testing.B) {
	crowded(b)
	ourselves, err := FindProcess(os.Getpid())
	require.NoError(b, err)
	var f Finder
	for b.Loop() {
		found, err := f.Find([]Family{{ourselves}}, 1)
		require.NoError(b, err)
		require.Equal(b, -1, found)
	}
}

// BenchmarkFindAgain9000 is the usual case: it is where the one before was.
func BenchmarkFindAgain9000(b *testing.B) {
	crowded(b)
	ln := listen(b, "tcp4", "127.0.0.1:0")
	_, server := connect(b, ln)
	ourselves, err := FindProcess(os.Getpid())
	require.NoError(b, err)
	var f Finder
	for b.Loop() {
		found, err := f.Find([]Family{{ourselves}}, inode(b, server))
		require.NoError(b, err)
		require.Zero(b, found)
	}
}
