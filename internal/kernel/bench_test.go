package kernel

import (
	"net"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A process may open 20,000 files here, and both ends of a connection are ours.
const benchConnections = 9000

// BenchmarkConnections9000 is to be held against `ss -tnp` on the same sockets.
func BenchmarkConnections9000(b *testing.B) {
	listeners := []Listener{crowded(b)}
	for b.Loop() {
		connections, err := Connections(listeners)
		require.NoError(b, err)
		require.Len(b, connections, benchConnections)
	}
}

// BenchmarkConnectionsAndOwners9000 adds what tells whose they are. The process
// has twice the descriptors, because the clients' ends are among them.
func BenchmarkConnectionsAndOwners9000(b *testing.B) {
	listeners := []Listener{crowded(b)}
	for b.Loop() {
		connections, err := Connections(listeners)
		require.NoError(b, err)
		require.Len(b, connections, benchConnections)
		inodes, err := SocketInodes(os.Getpid())
		require.NoError(b, err)
		require.Greater(b, len(inodes), 2*benchConnections)
	}
}

// BenchmarkConnectionsNone is one walk through the kernel's empty table.
func BenchmarkConnectionsNone(b *testing.B) {
	listeners := []Listener{describe(b, "tcp", listen(b, "tcp4", "127.0.0.1:0"))}
	for b.Loop() {
		_, err := Connections(listeners)
		require.NoError(b, err)
	}
}

func BenchmarkAcceptQueues(b *testing.B) {
	listeners := []Listener{describe(b, "tcp", listen(b, "tcp4", "127.0.0.1:0"))}
	for b.Loop() {
		_, err := AcceptQueues(listeners)
		require.NoError(b, err)
	}
}

func BenchmarkUsage(b *testing.B) {
	for b.Loop() {
		_, err := usageOf(os.Getpid())
		require.NoError(b, err)
	}
}

// crowded is a listener with benchConnections accepted connections.
func crowded(b *testing.B) Listener {
	b.Helper()
	ln := listen(b, "tcp4", "127.0.0.1:0")
	for range benchConnections {
		client, err := net.Dial("tcp4", ln.Addr().String())
		require.NoError(b, err)
		server, err := ln.Accept()
		require.NoError(b, err)
		b.Cleanup(func() { reset(client); server.Close() })
	}
	return describe(b, "tcp", ln)
}

// reset closes without leaving 9,000 sockets in TIME_WAIT, which would slow the
// next benchmark down.
func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// BenchmarkFamilies16 is for 16 workers of one process each.
func BenchmarkFamilies16(b *testing.B) {
	roots := make(map[string]Root)
	for i := range 16 {
		mark := "ID=" + strconv.Itoa(i)
		roots[mark] = grow(b, mark, `exec sh -c "$STAY" root`, "root").as(b, mark)
	}
	for b.Loop() {
		families, _, err := Families(roots)
		require.NoError(b, err)
		require.Len(b, families["ID=0"], 1)
	}
}

// BenchmarkFamilyUsageAndSockets is what comes on top for each process.
func BenchmarkFamilyUsageAndSockets(b *testing.B) {
	family := Family{grow(b, "ID=a", `exec sh -c "$STAY" root`, "root").find(b, "root")}
	for b.Loop() {
		_, err := family.Usage()
		require.NoError(b, err)
		_, err = family.SocketInodes()
		require.NoError(b, err)
	}
}

// BenchmarkWaiting is one look at a worker: with a thread or two, with many threads, with many descriptors.
func BenchmarkWaiting(b *testing.B) {
	for _, way := range []string{"accept", "epoll", "many threads", "many descriptors", "many in a set"} {
		b.Run(way, func(b *testing.B) {
			ln := listen(b, "unix", abstract("waiting"))
			l := describe(b, "unix", ln)
			family := Family{waiter(b, ln, way)}
			for b.Loop() {
				waits, unseen := Waiting(family, []uint64{l.Inode})
				require.Empty(b, unseen)
				require.True(b, waits[l.Inode].Open)
			}
		})
	}
}

// BenchmarkWaiting64 is one look at each of 64 workers.
func BenchmarkWaiting64(b *testing.B) {
	ln := listen(b, "unix", abstract("waiting"))
	l := describe(b, "unix", ln)
	var families []Family
	for range 64 {
		families = append(families, Family{waiter(b, ln, "epoll")})
	}
	for b.Loop() {
		for _, f := range families {
			_, unseen := Waiting(f, []uint64{l.Inode})
			require.Empty(b, unseen)
		}
	}
}
