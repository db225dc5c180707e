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

	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/plan"
	"rota/internal/reach"
)

// Of several workers that share a listener, the very one is reached that is looked for.
func TestAWorkerIsReachedThroughTheListenerThatItShares(t *testing.T) {
	unixSocket := listen.ListenAddress{Name: "unix", Network: "unix", Address: filepath.Join(t.TempDir(), "x.sock")}
	own := loopback
	own.ReusePort = true
	for name, a := range map[string]listen.ListenAddress{"tcp": loopback, "unix": unixSocket, "reuseport": own} {
		t.Run(name, func(t *testing.T) {
			r := runMaster(t, plan.Spec{Workers: 3, Listen: []listen.ListenAddress{a}, Command: []string{os.Args[0], "website", "nowhere"}}, "")
			r.ready(3)
			workers, _ := r.workers()
			for _, w := range workers {
				got, err := r.observer.reacher().Reach(t.Context(), r.listening()[0], []string{w.ID})
				require.NoError(t, err)
				require.Equal(t, w.ID, got.Worker)
				require.GreaterOrEqual(t, got.Offered, got.Taken)
				require.Positive(t, got.Taken)
				require.Zero(t, got.Unknown)
				require.True(t, r.observer.own.Has(got.Client.Local), "it is no client's")
				requireAnswer(t, got.Conn)
				got.Conn.Close()
				r.observer.own.End(got.Client)
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
	r := runMaster(t, plan.Spec{Workers: 1}, "good") // which does not accept
	r.ready(1)
	workers, _ := r.workers()
	a := r.listening()[0]
	ctx, cancel := context.WithCancel(t.Context())
	var got reach.Reached
	var err error
	ended := make(chan struct{})
	go func() {
		got, err = r.observer.reacher().Reach(ctx, a, []string{workers[0].ID})
		close(ended)
	}()
	require.Eventually(t, func() bool { return r.observer.own.Latest.Load() != nil && r.depth() == 1 }, patience, time.Millisecond, "it is made, and waits")
	cancel()
	<-ended
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, reach.Reached{Offered: 1}, got, "one that waits is enough, whoever may accept")
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
	r := runMaster(t, plan.Spec{Workers: 1}, "good")
	r.ready(1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	_, err = r.observer.reacher().Reach(t.Context(), listen.ListenAddress{Name: "gone", Network: "tcp", Address: l.Addr().String()}, []string{"x"})
	require.ErrorContains(t, err, "connect to the listener gone: ")
	require.ErrorContains(t, err, "refused")
}

// A program that is done with a connection before anybody has looked can't be told from another one.
func TestAConnectionThatEndsAtOnceIsTakenByNobodyKnows(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "serves")
	r.ready(1)
	s := r.observer.reacher().Salvo(r.listening()[0])
	require.NoError(t, s.Add(t.Context(), 2))
	workers, _ := r.workers()
	require.Eventually(t, func() bool { return minder.All(s.Waiting, reach.HungUp) }, patience, time.Millisecond)
	for s.Taken < 2 {
		accepted, err := s.Look([]string{workers[0].ID})
		require.NoError(t, err)
		for _, one := range accepted {
			s.Part(one.Offer)
		}
	}
	require.Equal(t, 2, s.Unknown)
	require.Empty(t, s.Waiting)
}

// A program may have a queue that is much shorter than rota's.
func TestOffersLeaveHalfOfTheQueueToClients(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "short-queue")
	r.ready(1)
	s := r.observer.reacher().Salvo(r.listening()[0])
	defer s.End()
	for range 4 {
		require.NoError(t, s.Add(t.Context(), reach.MostOffers))
	}
	require.Less(t, len(s.Waiting), shortQueue)
	require.GreaterOrEqual(t, len(s.Waiting), shortQueue/2)
}

const shortQueue = 16

// shortenQueue has the queue of its listener be a short one, and does not accept.
func shortenQueue() {
	if err := unix.Listen(listen.FirstInherited, shortQueue); err != nil {
		os.Exit(8)
	}
	good()
}
