package kernel

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A full accept queue turns a handshake away, and the kernel counts it.
func TestTheCountersRiseWhenAQueueIsFull(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 0)) // the kernel lets in one
	l, err := Describe("tcp", fd)
	require.NoError(t, err)

	overflows, drops, err := ListenCounters()
	require.NoError(t, err)
	dial(t, "tcp", l.Addr.String())
	go func() { // it is never answered
		if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr.String()); err == nil {
			c.Close()
		}
	}()
	require.Eventually(t, func() bool {
		o, d, err := ListenCounters()
		require.NoError(t, err)
		return o > overflows && d > drops
	}, patience, tick)
}

func TestCountersAreFoundByTheirNames(t *testing.T) {
	const text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 333\n" +
		"IpExt: InNoRoutes ListenDrops\nIpExt: 4 5\n"
	n, ok := tcpExtension([]byte(text), "ListenDrops")
	require.True(t, ok)
	require.EqualValues(t, 333, n)
	n, ok = tcpExtension([]byte(text), "SyncookiesSent")
	require.True(t, ok)
	require.EqualValues(t, 1, n)
	for _, broken := range []string{text[:10], "", "TcpExt: ListenDrops\n", "TcpExt: ListenDrops\nTcpExt: x\n", "TcpExt: A ListenDrops\nTcpExt: 1\n"} {
		_, ok = tcpExtension([]byte(broken), "ListenDrops")
		require.False(t, ok, broken)
	}
}

func BenchmarkListenCounters(b *testing.B) {
	for b.Loop() {
		if _, _, err := ListenCounters(); err != nil {
			b.Fatal(err)
		}
	}
}
