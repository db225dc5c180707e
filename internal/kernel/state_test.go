package kernel

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// halfCloser is what a TCP and a unix connection have in common.
type halfCloser interface{ CloseWrite() error }

func TestBytesAreThePayloadBeforeAndAfterAFIN(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	send(t, client, server, 4)
	send(t, server, client, 11)

	l := describe(t, "tcp", ln)
	got := only(t, l)
	require.EqualValues(t, 4, got.TCP.BytesIn)
	require.EqualValues(t, 11, got.TCP.BytesOut)
	require.Positive(t, got.TCP.RTT)
	require.Less(t, got.TCP.RTT, patience)

	require.NoError(t, client.(halfCloser).CloseWrite())
	got = eventually(t, l, func(c Connection) bool { return c.TCPState == "CLOSE_WAIT" })
	require.EqualValues(t, 4, got.TCP.BytesIn)
	require.EqualValues(t, 11, got.TCP.BytesOut)
	require.Zero(t, got.RecvQueue, "an unread FIN is no byte")

	_, err := server.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.Zero(t, only(t, l).RecvQueue)
}

func TestTheServersOwnFINLeadsToFinWait2(t *testing.T) {
	ln := listen(t, "tcp4", "127.0.0.1:0")
	_, server := connect(t, ln)
	require.NoError(t, server.(halfCloser).CloseWrite())
	eventually(t, describe(t, "tcp", ln), func(c Connection) bool { return c.TCPState == "FIN_WAIT2" })
}

// The client reads nothing, so the server's FIN waits behind its data, and the
// states that last for one round trip otherwise stand still.
func TestAFINThatWaitsIsNotCountedAsQueued(t *testing.T) {
	for _, c := range []struct {
		state       string
		clientFirst bool
		clientAfter bool
	}{
		{state: "FIN_WAIT1"},
		{state: "LAST_ACK", clientFirst: true},
		{state: "CLOSING", clientAfter: true},
	} {
		t.Run(c.state, func(t *testing.T) {
			ln := listen(t, "tcp4", "127.0.0.1:0")
			l := describe(t, "tcp", ln)
			client, server := connect(t, ln)
			written := fill(t, server)
			if c.clientFirst {
				require.NoError(t, client.(halfCloser).CloseWrite())
				eventually(t, l, func(c Connection) bool { return c.TCPState == "CLOSE_WAIT" })
			}
			require.NoError(t, server.(halfCloser).CloseWrite())
			if c.clientAfter {
				require.NoError(t, client.(halfCloser).CloseWrite())
			}
			got := eventually(t, l, func(now Connection) bool {
				return now.TCPState == c.state && int(now.SendQueue) == written-unread(t, client)
			})
			require.Positive(t, got.SendQueue)
			require.Zero(t, got.RecvQueue)
			require.Zero(t, got.TCP.BytesIn)
		})
	}
}

func TestAUnixConnectionTellsWhoHasShutDown(t *testing.T) {
	for _, c := range []struct {
		state          string
		client, server bool
	}{
		{"ESTABLISHED", false, false},
		{"CLOSE_WAIT", true, false},
		{"FIN_WAIT2", false, true},
	} {
		ln := listen(t, "unix", filepath.Join(t.TempDir(), "x.sock"))
		client, server := connect(t, ln)
		if c.client {
			require.NoError(t, client.(halfCloser).CloseWrite())
		}
		if c.server {
			require.NoError(t, server.(halfCloser).CloseWrite())
		}
		require.Equal(t, c.state, only(t, describe(t, "unix", ln)).TCPState)
	}
}

func TestUnreadBytesAreInTheReceiveQueue(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "unix": abstract("unread")} {
		ln := listen(t, network, address)
		client, server := connect(t, ln)
		_, err := client.Write(make([]byte, 5))
		require.NoError(t, err)
		l := describe(t, "any", ln)
		eventually(t, l, func(c Connection) bool { return c.RecvQueue == 5 })

		_, err = io.ReadFull(server, make([]byte, 3))
		require.NoError(t, err)
		eventually(t, l, func(c Connection) bool { return c.RecvQueue == 2 })
	}
}

func TestUnreadBytesOfAUnixPeerAreInTheSendQueue(t *testing.T) {
	ln := listen(t, "unix", abstract("send-queue"))
	_, server := connect(t, ln)
	l := describe(t, "unix", ln)
	before := only(t, l).SendQueue

	_, err := server.Write(make([]byte, 5))
	require.NoError(t, err)
	require.GreaterOrEqual(t, only(t, l).SendQueue, before+5)
}

func TestIdleGrowsAndEndsWithDataInEitherDirection(t *testing.T) {
	const rest = 50 * time.Millisecond
	ln := listen(t, "tcp4", "127.0.0.1:0")
	client, server := connect(t, ln)
	l := describe(t, "tcp", ln)
	go io.Copy(io.Discard, server)
	go io.Copy(io.Discard, client)

	for _, speaker := range []net.Conn{client, server} {
		eventually(t, l, func(c Connection) bool { return c.TCP.Idle >= rest })
		eventually(t, l, func(c Connection) bool {
			_, err := speaker.Write([]byte{0}) // anew each time: the machine may be slower than rest
			return err == nil && c.TCP.Idle < rest
		})
	}
}

func TestAClosedConnectionLeavesTheList(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "unix": abstract("closed")} {
		ln := listen(t, network, address)
		_, server := connect(t, ln)
		l := describe(t, "any", ln)
		only(t, l)

		server.Close() // the client holds on, so TCP's own goodbye isn't over
		connections, err := Connections([]Listener{l})
		require.NoError(t, err)
		require.Empty(t, connections)
	}
}

func send(t *testing.T, from, to net.Conn, n int) {
	t.Helper()
	_, err := from.Write(make([]byte, n))
	require.NoError(t, err)
	_, err = io.ReadFull(to, make([]byte, n))
	require.NoError(t, err)
}

// fill writes until the peer's window and the own buffer are full.
func fill(t *testing.T, conn net.Conn) (written int) {
	t.Helper()
	require.NoError(t, conn.(*net.TCPConn).SetWriteBuffer(64<<10))
	chunk := make([]byte, 64<<10)
	for {
		require.NoError(t, conn.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
		n, err := conn.Write(chunk)
		written += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return written
		}
		require.NoError(t, err)
	}
}

// unread is how many bytes a connection has received that nobody has read.
func unread(t *testing.T, conn net.Conn) (n int) {
	t.Helper()
	withFD(t, conn.(syscall.Conn), func(fd int) {
		var err error
		n, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
		require.NoError(t, err)
	})
	return n
}
