package gauge

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// host listens, and treats everybody who comes as it is told to, until the test is over.
func host(t testing.TB, network, address string, treat func(net.Conn)) listen.Spec {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			treat(c)
		}
	}()
	t.Cleanup(func() { ln.Close(); <-ended })
	return listen.Spec{Name: network, Network: network, Address: ln.Addr().String()}
}

// unattended is a listener where nobody accepts.
func unattended(t testing.TB, network, address string) (listen.Spec, net.Listener) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return listen.Spec{Name: network, Network: network, Address: ln.Addr().String()}, ln
}

func readsToTheEnd(c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
	c.Close()
}

func resets(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func endpointOf(t testing.TB, ln net.Listener) (l kernel.Listener) {
	t.Helper()
	require.NoError(t, listen.WithDescriptor(ln.(syscall.Conn), func(fd int) (err error) {
		l, err = kernel.Describe("x", fd)
		return err
	}))
	return l
}

// probeOnce makes a probe of a listener that this process serves, which has no workers.
func probeOnce(ctx context.Context, a listen.Spec, own *listen.OwnClients) outcome {
	nobody := func(uint64) (int, bool) { return 0, true }
	return prober{own, nobody}.probe(ctx, a, func(int) {})
}

// requireGivenUp makes a probe that is not answered.
func requireGivenUp(t *testing.T, a listen.Spec, own *listen.OwnClients, want acceptance) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o := probeOnce(ctx, a, own)
	require.Equal(t, unanswered, o.result)
	require.Equal(t, want, o.acceptance)
}

func TestAProbeIsAnsweredWhereverSomebodyServes(t *testing.T) {
	for _, at := range [][2]string{
		{"tcp", "127.0.0.1:0"}, {"tcp4", "0.0.0.0:0"}, {"tcp", "[::]:0"}, {"tcp6", "[::1]:0"},
		{"unix", filepath.Join(t.TempDir(), "x.sock")}, {"unix", "@rota-test-probe-" + uuid.NewString()},
	} {
		t.Run(at[1], func(t *testing.T) {
			a := host(t, at[0], at[1], readsToTheEnd)
			a.Network = strings.TrimRight(at[0], "46")
			require.Equal(t, answered, probeOnce(t.Context(), a, &listen.OwnClients{}).result)
		})
	}
}

func TestASocketForIPv6AloneIsReachedEvenIfNobodySaysSo(t *testing.T) {
	a := host(t, "tcp6", "[::]:0", readsToTheEnd) // which Go makes an IPv6-only one
	a.Network = "tcp"
	_, _, err := (listen.Spec{Network: "tcp", Address: a.Reachable()}).Dial(t.Context())
	require.ErrorIs(t, err, unix.ECONNREFUSED, "so that the way round is gone")
	require.Equal(t, answered, probeOnce(t.Context(), a, &listen.OwnClients{}).result)
}

func TestAProbeIsRefusedWhereNobodyListens(t *testing.T) {
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	ln.Close()
	require.Equal(t, refused, probeOnce(t.Context(), a, &listen.OwnClients{}).result)
	a, ln = unattended(t, "unix", filepath.Join(t.TempDir(), "x.sock"))
	ln.Close() // with its file
	require.Equal(t, refused, probeOnce(t.Context(), a, &listen.OwnClients{}).result)
	a, ln = unattended(t, "unix", filepath.Join(t.TempDir(), "x.sock"))
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	ln.Close()
	require.Equal(t, refused, probeOnce(t.Context(), a, &listen.OwnClients{}).result)
}

func TestAProbeSaysThatItWasReset(t *testing.T) {
	require.Equal(t, wasReset, probeOnce(t.Context(), host(t, "tcp", "127.0.0.1:0", resets), &listen.OwnClients{}).result)
}

// Those that are queued at a listener which is closed are reset, the loss that rota is there to avoid.
func TestAProbeThatIsQueuedWhereTheListenerGoesIsReset(t *testing.T) {
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	at := endpointOf(t, ln)
	outcome := make(chan outcome, 1)
	go func() { outcome <- probeOnce(context.Background(), a, &listen.OwnClients{}) }()
	queued(t, at, 1)
	ln.Close()
	require.Equal(t, wasReset, (<-outcome).result)
}

// queued waits until so many connections are in the listener's queue.
func queued(t testing.TB, at kernel.Listener, n uint32) {
	t.Helper()
	require.Eventually(t, func() bool {
		queues, err := kernel.AcceptQueues([]kernel.Listener{at})
		return err == nil && queues[at.Name].Depth >= n
	}, patience, time.Millisecond)
}

func TestAProbeThatNobodyAcceptsIsUnansweredAndLeavesNothingToDo(t *testing.T) {
	t.Parallel()
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	own := &listen.OwnClients{}
	requireGivenUp(t, a, own, notAccepted)
	c, err := ln.Accept()
	require.NoError(t, err)
	defer c.Close()
	require.True(t, own.Has(c.RemoteAddr().String()))
	left, err := kernel.Connections([]kernel.Listener{endpointOf(t, ln)})
	require.NoError(t, err)
	require.Empty(t, left, "a CLOSE_WAIT would be counted as a client's connection")
}

func TestAWorkerThatDoesNotReactIsLeftWithNoConnection(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	conns := make(chan net.Conn, 1)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			conns <- c
		}
	}()
	a := listen.Spec{Network: "tcp", Address: ln.Addr().String()}
	requireGivenUp(t, a, &listen.OwnClients{}, accepted)
	c := <-conns
	defer c.Close()
	left, err := kernel.Connections([]kernel.Listener{endpointOf(t, ln)})
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTheTimeUntilAnAnswerIsTold(t *testing.T) {
	const pause = 100 * time.Millisecond
	a := host(t, "tcp", "127.0.0.1:0", func(c net.Conn) { time.AfterFunc(pause, func() { c.Close() }) })
	o := probeOnce(t.Context(), a, &listen.OwnClients{})
	require.Equal(t, answered, o.result)
	require.GreaterOrEqual(t, o.took, pause)
}

func TestWhoGreetsHasAnsweredAlthoughItHolds(t *testing.T) {
	t.Parallel()
	a := host(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		_, _ = c.Write([]byte("220 ready\n"))
		t.Cleanup(func() { c.Close() })
	})
	o := probeOnce(t.Context(), a, &listen.OwnClients{})
	require.Equal(t, answered, o.result)
}

func TestWhoTalksOnAndOnIsNotListenedToForLong(t *testing.T) {
	a := host(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		n, err := io.Copy(c, endless{})
		require.Less(t, n, int64(100<<20), "it was broken off")
		require.Error(t, err)
		c.Close()
	})
	require.Equal(t, answered, probeOnce(t.Context(), a, &listen.OwnClients{}).result)
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestAUnixSocketsFullQueueIsWaitedFor(t *testing.T) {
	t.Parallel()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	a := listen.Spec{Network: "unix", Address: filepath.Join(t.TempDir(), "x.sock")}
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: a.Address}))
	require.NoError(t, unix.Listen(fd, 0))
	first, _, err := a.Dial(t.Context()) // and now it is full
	require.NoError(t, err)
	defer first.Close()
	_, _, err = a.Dial(t.Context())
	require.ErrorIs(t, err, unix.EAGAIN)

	requireGivenUp(t, a, &listen.OwnClients{}, notAccepted)

	outcome := make(chan outcome, 1)
	go func() { outcome <- probeOnce(context.Background(), a, &listen.OwnClients{}) }()
	for range 2 {
		served, _, err := unix.Accept(fd)
		require.NoError(t, err)
		unix.Close(served)
	}
	require.Equal(t, answered, (<-outcome).result)
}

func TestAProbeThatIsCalledOffEndsAtOnce(t *testing.T) {
	t.Parallel()
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	at := endpointOf(t, ln)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan string, 2)
	run := func(name string, ctx context.Context) {
		probeOnce(ctx, a, &listen.OwnClients{})
		ended <- name
	}
	go run("called off", ctx)
	queued(t, at, 1)
	cancel()
	later, end := context.WithCancel(t.Context())
	go run("begun later, with all its time", later)
	require.Equal(t, "called off", <-ended)
	end()
	<-ended
}

// Without descriptors of its own the master can't tell anything of its workers.
func TestWhatTheMasterLacksIsNoLoss(t *testing.T) {
	require.Equal(t, notMade, dialResult(&net.OpError{Op: "dial", Err: unix.EMFILE}))
}

// Its port is another client's then, which must not be overlooked when it is lost.
func TestAConnectionOfItsOwnThatIsOverIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := &listen.OwnClients{}
		tcp, local := listen.Client{Local: "127.0.0.1:1"}, listen.Client{Local: "@rota-client-1"}
		for _, c := range []listen.Client{tcp, tcp, local} {
			own.Add(c)
		}
		own.End(tcp)
		own.End(local)
		require.True(t, own.Has(tcp.Local))
		time.Sleep(2 * listen.OwnLinger)
		require.True(t, own.Has(tcp.Local), "the port is used again, for another")
		own.End(tcp)
		require.True(t, own.Has(tcp.Local), "a count may have seen it")
		time.Sleep(2 * listen.OwnLinger)
		require.False(t, own.Has(tcp.Local))
		require.True(t, own.Has(local.Local), "a worker may keep it, and nobody else has the name")
	})
	own := &listen.OwnClients{}
	prober := make(chan string, 1)
	a := host(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		prober <- c.RemoteAddr().String()
		readsToTheEnd(c)
	})
	require.Equal(t, answered, probeOnce(t.Context(), a, own).result)
	address := <-prober
	require.True(t, own.Has(address))
	require.Eventually(t, func() bool { return !own.Has(address) }, patience, time.Millisecond)
}
