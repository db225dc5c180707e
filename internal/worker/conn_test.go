package worker

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestEachChunkIsAnswered(t *testing.T) {
	for _, at := range []struct{ network, address string }{
		{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"unix", filepath.Join(t.TempDir(), "socket")},
	} {
		t.Run(at.network, func(t *testing.T) {
			if ln, err := net.Listen(at.network, at.address); err != nil {
				t.Skipf("%s is not available: %v", at.network, err)
			} else {
				ln.Close()
			}
			ln := bind(t, at.network, at.address)
			startWorker(t, Options{}, share(t, "tcp", ln))
			c := dial(t, ln)
			for range 5 {
				greet(t, c)
			}
		})
	}
}

func TestEndOfAConnectionIsLogged(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "tcp-2", ln))
	c := dial(t, ln)
	greet(t, c)
	greet(t, c)
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	requireEOF(t, c)

	for _, message := range []string{"recv fin packet", "connection fully closed"} {
		line := w.log.wait(t, message)
		require.Equal(t, "debug", line["level"])
		require.Equal(t, "tcp-2", line["listener"])
		require.Equal(t, c.LocalAddr().String(), line["remote"])
		require.Equal(t, c.RemoteAddr().String(), line["local"])
		require.EqualValues(t, len("hihi"), line["bytes_in"])
		require.EqualValues(t, len("hello worldhello world"), line["bytes_out"])
		require.Contains(t, line, "duration")
	}
}

func TestAResetIsLoggedWithItsCause(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "tcp", ln))
	c := dial(t, ln)
	greet(t, c)
	require.NoError(t, c.(*net.TCPConn).SetLinger(0))
	require.NoError(t, c.Close())
	require.Contains(t, w.log.wait(t, "connection fully closed")["error"], "reset")
}

func TestReceivedDataIsTracedInPart(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "tcp", ln))
	c := dial(t, ln)
	_, err := c.Write(bytes.Repeat([]byte("x"), 1000))
	require.NoError(t, err)
	line := w.log.wait(t, "received")
	require.Equal(t, "trace", line["level"])
	require.EqualValues(t, 1000, line["bytes"])
	require.Equal(t, strings.Repeat("x", traceLimit), line["data"])
}

// The worker reads one byte at a time here, so that each byte is a chunk and the replies can be counted.
func TestASlowReaderIsMadeToWaitAndGetsEveryReply(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	shrinkBuffers(t, ln)
	w := startWorker(t, Options{readSize: 1}, share(t, "tcp", ln))
	c := dial(t, ln)
	sent := fillUntilStuck(t, c)
	other := dial(t, ln)
	greetByBytes(t, other) // one that waits holds up nobody else

	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	received := make(chan []byte)
	go func() {
		replies, _ := io.ReadAll(c)
		received <- replies
	}()
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	replies := <-received
	require.Len(t, replies, sent*len("hello world"))
	require.True(t, bytes.Equal(bytes.Repeat([]byte("hello world"), sent), replies))
	fin := w.log.wait(t, "recv fin packet")
	require.EqualValues(t, sent, fin["bytes_in"])
	require.EqualValues(t, len(replies), fin["bytes_out"])
}

// shrinkBuffers keeps the kernel from hiding a slow reader for long. Connections inherit the sizes.
func shrinkBuffers(t *testing.T, ln net.Listener) {
	t.Helper()
	onDescriptor(t, ln.(syscall.Conn), func(fd int) error {
		return errors.Join(
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 8<<10),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10),
		)
	})
}

// fillUntilStuck writes and never reads, until the worker takes no more.
func fillUntilStuck(t *testing.T, c net.Conn) (sent int) {
	t.Helper()
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(8<<10))
	require.NoError(t, c.(*net.TCPConn).SetWriteBuffer(8<<10))
	chunk := bytes.Repeat([]byte("x"), 4<<10)
	for sent < 16<<20 {
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
		n, err := c.Write(chunk)
		sent += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return sent
		}
		require.NoError(t, err)
	}
	require.Fail(t, "the worker takes input without end")
	return sent
}

func greetByBytes(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, len("hello world")))
	require.NoError(t, err)
}
