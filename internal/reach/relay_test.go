package reach

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pairOf are the two ends of a connection over loopback.
func pairOf(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	other, err := l.Accept()
	require.NoError(t, err)
	near, far = c.(*net.TCPConn), other.(*net.TCPConn)
	for _, end := range []*net.TCPConn{near, far} {
		require.NoError(t, end.SetDeadline(time.Now().Add(patience)))
		t.Cleanup(func() { end.Close() })
	}
	return near, far
}

// relayed returns the ends of a relay that runs until the test ends.
func relayed(ctx context.Context, t *testing.T, idle time.Duration) (client, worker *net.TCPConn, ended <-chan struct{}) {
	t.Helper()
	client, front := pairOf(t)
	back, worker := pairOf(t)
	done := make(chan struct{})
	go func() { relay{client: front, worker: back, idle: idle}.run(ctx); close(done) }()
	t.Cleanup(func() { client.Close(); worker.Close(); <-done })
	return client, worker, done
}

func TestEachEndIsPassedOnByItself(t *testing.T) {
	t.Parallel()
	client, worker, ended := relayed(t.Context(), t, patience)
	_, err := io.WriteString(client, "question")
	require.NoError(t, err)
	require.NoError(t, client.CloseWrite())
	heard, err := io.ReadAll(worker)
	require.NoError(t, err)
	require.Equal(t, "question", string(heard))
	_, err = io.WriteString(worker, "answer")
	require.NoError(t, err)
	require.NoError(t, worker.CloseWrite())
	heard, err = io.ReadAll(client)
	require.NoError(t, err)
	require.Equal(t, "answer", string(heard))
	<-ended
}

func TestAResetIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"by the client", "by the worker"} {
		t.Run(name, func(t *testing.T) {
			client, worker, ended := relayed(t.Context(), t, patience)
			from, to := client, worker
			if name == "by the worker" {
				from, to = worker, client
			}
			Reset(from)
			_, err := to.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNRESET)
			<-ended
		})
	}
}

func TestASilentRelayEnds(t *testing.T) {
	t.Parallel()
	_, worker, ended := relayed(t.Context(), t, time.Millisecond)
	<-ended
	_, err := worker.Read(make([]byte, 1))
	require.Error(t, err)
}

func TestARelayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client, worker, ended := relayed(ctx, t, patience)
	_, err := io.WriteString(client, "x")
	require.NoError(t, err)
	_, err = worker.Read(make([]byte, 1))
	require.NoError(t, err)
	cancel()
	<-ended
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET, "it does not look like the end of an answer")
	_, err = worker.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}
