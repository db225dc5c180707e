package master

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Of several workers that share a listener, the very one is reached that is looked for.
func TestAWorkerIsReachedThroughTheListenerThatItShares(t *testing.T) {
	unixSocket := ListenAddress{Name: "unix", Network: "unix", Address: filepath.Join(t.TempDir(), "x.sock")}
	own := loopback
	own.ReusePort = true
	for name, a := range map[string]ListenAddress{"tcp": loopback, "unix": unixSocket, "reuseport": own} {
		t.Run(name, func(t *testing.T) {
			r := runMaster(t, Spec{Workers: 3, Listen: []ListenAddress{a}, Command: []string{os.Args[0], "website", "nowhere"}}, "")
			r.ready(3)
			workers, _ := r.workers()
			for _, w := range workers {
				got, err := r.observer.reacher().reach(t.Context(), r.listening()[0], []string{w.ID})
				require.NoError(t, err)
				require.Equal(t, w.ID, got.worker)
				require.GreaterOrEqual(t, got.offered, got.taken)
				require.Positive(t, got.taken)
				require.Zero(t, got.unknown)
				require.True(t, r.observer.own.has(got.client.Local), "it is no client's")
				requireAnswer(t, got.conn)
				got.conn.Close()
				r.observer.own.end(got.client)
			}
		})
	}
}

// requireAnswer sends a request on what it is given.
func requireAnswer(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	text, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(text), "200 OK")
}

func TestConnectionsThatReachNobodyAreOffered(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "good") // which does not accept
	r.ready(1)
	workers, _ := r.workers()
	a := r.listening()[0]
	ctx, cancel := context.WithCancel(t.Context())
	var got reached
	var err error
	ended := make(chan struct{})
	go func() {
		got, err = r.observer.reacher().reach(ctx, a, []string{workers[0].ID})
		close(ended)
	}()
	require.Eventually(t, func() bool { return r.observer.own.latest.Load() != nil && r.depth() == 1 }, patience, time.Millisecond, "it is made, and waits")
	cancel()
	<-ended
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, reached{offered: 1}, got, "one that waits is enough, whoever may accept")
}

// depth is how many connections wait to be accepted.
func (r *running) depth() (n uint32) {
	queues, err := r.Queues()
	require.NoError(r.t, err)
	for _, q := range queues {
		n += q.Depth
	}
	return n
}

func TestNobodyIsReachedWhereNobodyListens(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "good")
	r.ready(1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	_, err = r.observer.reacher().reach(t.Context(), ListenAddress{Name: "gone", Network: "tcp", Address: l.Addr().String()}, []string{"x"})
	require.ErrorContains(t, err, "connect to the listener gone: ")
	require.ErrorContains(t, err, "refused")
}

// A program that is done with a connection before anybody has looked can't be told from another one.
func TestAConnectionThatEndsAtOnceIsTakenByNobodyKnows(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "serves")
	r.ready(1)
	s := r.observer.reacher().salvo(r.listening()[0])
	require.NoError(t, s.add(t.Context(), 2))
	workers, _ := r.workers()
	require.Eventually(t, func() bool { return all(s.waiting, hungUp) }, patience, time.Millisecond)
	for s.taken < 2 {
		accepted, err := s.look([]string{workers[0].ID})
		require.NoError(t, err)
		for _, one := range accepted {
			s.part(one.offer)
		}
	}
	require.Equal(t, 2, s.unknown)
	require.Empty(t, s.waiting)
}

// A program may have a queue that is much shorter than rota's.
func TestOffersLeaveHalfOfTheQueueToClients(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "short-queue")
	r.ready(1)
	s := r.observer.reacher().salvo(r.listening()[0])
	defer s.end()
	for range 4 {
		require.NoError(t, s.add(t.Context(), mostOffers))
	}
	require.Less(t, len(s.waiting), shortQueue)
	require.GreaterOrEqual(t, len(s.waiting), shortQueue/2)
}

const shortQueue = 16

// shortenQueue has the queue of its listener be a short one, and does not accept.
func shortenQueue() {
	if err := unix.Listen(firstInherited, shortQueue); err != nil {
		os.Exit(8)
	}
	good()
}
