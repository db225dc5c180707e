package reach

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
)

func TestConnectionsThatReachNobodyAreOffered(t *testing.T) {
	t.Parallel()
	s := newSite(t) // which does not accept
	var rounds atomic.Int32
	sockets := s.dialer.Sockets
	s.dialer.Sockets = func() ([]kernel.Listener, error) { rounds.Add(1); return sockets() }
	ctx, cancel := context.WithCancel(t.Context())
	var got Conn
	var err error
	ended := make(chan struct{})
	go func() {
		got, err = s.dialer.Dial(ctx, s.at, []string{"w"})
		close(ended)
	}()
	// Each round asks for the sockets first, so what the first one made is counted when the second one does.
	require.Eventually(t, func() bool { return rounds.Load() > 1 && s.depth(t) == 1 }, patience, time.Millisecond, "it is made, and waits")
	cancel()
	<-ended
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, Conn{Counts: Counts{Offered: 1}}, got, "one that waits is enough, whoever may accept")
	c, err := s.Accept()
	require.NoError(t, err)
	defer c.Close()
	require.True(t, s.dialer.Own.Has(c.RemoteAddr().String()), "it is no client's")
}

func TestNobodyIsReachedWhereNobodyListens(t *testing.T) {
	t.Parallel()
	_, err := newSite(t).dialer.Dial(t.Context(), goneAddress(t), []string{"w"})
	require.ErrorContains(t, err, "connect to the listener gone: ")
	require.ErrorContains(t, err, "refused")
}

// A program that is done with a connection before anybody has looked can't be told from another one.
func TestAConnectionThatEndsAtOnceIsAcceptedByNobodyKnows(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.serve(func(c net.Conn) { c.Close() })
	s := site.dialer.Search(site.at)
	defer s.Close()
	require.NoError(t, s.offer(t.Context(), 2))
	require.Len(t, s.waiting, 2)
	for _, one := range s.waiting {
		require.Eventually(t, func() bool { return ClosedByPeer(one.Conn) }, patience, time.Millisecond)
	}
	for s.counts.Accepted < 2 {
		accepted, err := s.look([]string{"w"})
		require.NoError(t, err)
		for _, one := range accepted {
			require.Empty(t, one.worker)
			s.dialer.closePolitely(one.attempt)
		}
	}
	require.Equal(t, 2, s.counts.Unknown)
	require.Empty(t, s.waiting)
}

// A program may have a queue that is much shorter than rota's.
func TestOffersLeaveHalfOfTheQueueToClients(t *testing.T) {
	t.Parallel()
	const shortQueue = 16
	site := newSite(t)
	site.shorten(t, shortQueue)
	s := site.dialer.Search(site.at)
	defer s.Close()
	for range 4 {
		require.NoError(t, s.offer(t.Context(), mostWaiting))
	}
	require.Less(t, len(s.waiting), shortQueue)
	require.GreaterOrEqual(t, len(s.waiting), shortQueue/2)
}

// When rota stops, it turns new clients away so that the queue can be emptied. A search that has just begun must let go
// of the connections that it has already: a worker that drains waits for their end.
func TestASearchGivesUpWhereNewClientsAreTurnedAway(t *testing.T) {
	t.Parallel()
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // which takes no filters
	l, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	drop := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	require.NoError(t, listen.WithDescriptor(l.(*net.TCPListener), func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop[0]})
	}))
	s := newSite(t).dialer.Search(listen.Spec{Name: "away", Network: "tcp", Address: l.Addr().String()})
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, s.offer(ctx, 1))
	require.NoError(t, ctx.Err(), "the search gave up by itself")
	require.Empty(t, s.waiting)
}

// A worker that says nothing of a connection's end is not left with half of it.
func TestARoundTellsWhoHasAcceptedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	ended := make(chan error, mostWaiting)
	site.serve(func(c net.Conn) {
		_, err := c.Read(make([]byte, 1))
		ended <- err
		c.Close()
	})
	s := site.dialer.Search(site.at)
	defer s.Close()
	var found Found
	for found.Accepted == 0 {
		var err error
		found, err = s.Round(t.Context(), Wanted{Workers: []string{"w"}})
		require.NoError(t, err)
	}
	require.Contains(t, found.Workers, "w")
	require.Error(t, <-ended)
}
