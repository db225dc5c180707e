package check

import (
	"context"
	"errors"
	"maps"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/listen"
	"rota/internal/record"
)

const short = 200 * time.Millisecond

func TestEveryWorkerIsAsked(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	var asked [4]atomic.Int32
	workers := names(len(asked))
	for i, id := range workers {
		h.worker(id, says(200, func() { asked[i].Add(1) }))
	}
	require.Equal(t, record.Result{OK: true, Passed: 1, Reached: 4, Of: 4}, Run(t.Context(), h.round("http:/up", true, workers...)))
	for i := range asked {
		require.Positive(t, asked[i].Load())
	}
}

func TestTheOneBadWorkerOfManyIsFoundAndNamed(t *testing.T) {
	for _, live := range []bool{false, true} {
		h := open(t, "tcp", "127.0.0.1:0")
		h.worker("a", says(200))
		h.worker("b", says(204))
		h.worker("c", says(500))
		h.worker("d", says(302))
		r := Run(t.Context(), h.round("http:/up?x=1", live, "a", "b", "c", "d"))
		require.False(t, r.OK)
		require.Equal(t, "c", r.Worker)
		require.Equal(t, "http:/up?…", r.Check)
		require.Equal(t, "GET http://"+h.listener.Address+"/up?… was answered with 500 Internal Server Error", r.Message)
		require.Zero(t, r.Passed)
	}
}

// A broken old version must not keep its repair from being deployed.
func TestWhatAnOlderWorkerSaysNeverCounts(t *testing.T) {
	for _, live := range []bool{false, true} {
		h := open(t, "tcp", "127.0.0.1:0")
		var once sync.Once
		h.worker("old", says(500, func() { once.Do(func() { h.worker("new", says(200)) }) })) // which is asked first
		r := Run(t.Context(), h.round("http:/", live, "new"))
		require.Equal(t, record.Result{OK: true, Passed: 1, Reached: 1, Of: 1}, r)
	}
}

func TestACheckThatOnlyOlderWorkersAnsweredHasNotPassed(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("old", says(200))
	for _, check := range []string{"tcp", "http:/"} {
		require.Equal(t, record.Result{OK: true, Of: 1, Missed: []string{"new"}}, Run(t.Context(), h.round(check, false, "new")))
		round := h.round(check, true, "new")
		round.Timeout = short
		r := Run(t.Context(), round)
		require.False(t, r.OK, "when it is live, one of the new ones has to")
		require.Regexp(t, `^the worker of slot 0 accepted none of \d+ connections to tcp .* in 200ms; others accepted `, r.Message)
		require.Equal(t, "new", r.Worker)
	}
}

func TestAWorkerThatDoesNotAnswerIsNamedAndLeftAlone(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	var left atomic.Pointer[error]
	h.worker("hangs", func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10)) // the request
		_, err := c.Read(make([]byte, 1))
		left.CompareAndSwap(nil, &err)
	})
	round := h.round("http:/", false, "hangs")
	round.Timeout = short
	r := Run(t.Context(), round)
	require.Equal(t, "hangs", r.Worker)
	require.Equal(t, "the worker of slot 0 accepted the connection and did not answer GET http://"+h.listener.Address+"/ in 200ms", r.Message)
	require.Eventually(t, func() bool { return left.Load() != nil }, patience, time.Millisecond)
	require.ErrorIs(t, *left.Load(), unix.ECONNRESET, "a FIN would leave it with a connection that counts")
}

func TestAnAnswerThatBreaksOffIsABadOne(t *testing.T) {
	for text, why := range map[string]string{
		"":                    "was not answered: EOF",
		"HTTP/1.1 200 OK\r\n": "unexpected EOF",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab": "broke off: unexpected EOF",
		"+PONG\r\n": "malformed HTTP",
	} {
		h := open(t, "tcp", "127.0.0.1:0")
		h.worker("a", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<10))
			_, _ = c.Write([]byte(text))
		})
		r := Run(t.Context(), h.round("http:/", true, "a"))
		require.Contains(t, r.Message, why)
		require.Equal(t, "a", r.Worker)
	}
}

// Ten requests in turn take longer than the timeout, each by itself does not.
func TestWorkersThatAnswerSlowlyAndOneByOneAreWell(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	slowly := says(200, func() { time.Sleep(short) })
	h.worker("a", slowly)
	h.worker("b", slowly)
	round := h.round("http:/", false, append(names(8), "a", "b")...) // so that 20 come at once
	round.Timeout = 5 * short
	r := Run(t.Context(), round)
	require.True(t, r.OK, r.Message)
	require.Equal(t, 2, r.Reached)
}

func TestWhereNobodyAcceptsIsNobodyWell(t *testing.T) {
	for _, check := range []string{"tcp", "http:/"} {
		h := open(t, "tcp", "127.0.0.1:0")
		round := h.round(check, true, "a")
		round.Timeout = short
		r := Run(t.Context(), round)
		require.False(t, r.OK)
		require.Equal(t, "nobody accepted a connection to tcp ("+h.listener.Address+") in 200ms", r.Message)
		require.Empty(t, r.Worker)
		round.Live = false
		r = Run(t.Context(), round)
		require.True(t, r.OK, "nobody knows whose fault it is")
		require.Zero(t, r.Passed)
	}
}

// With a socket for each slot, one that hangs has a queue of its own.
func TestTheOneSocketOfManyWhereNobodyAcceptsIsFound(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.ln.Close()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			require.NoError(t, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		})
	}}
	var err error
	h.ln, err = config.Listen(t.Context(), "tcp", h.listener.Address)
	require.NoError(t, err)
	defer h.ln.Close()
	hung, err := config.Listen(t.Context(), "tcp", h.listener.Address)
	require.NoError(t, err)
	defer hung.Close()
	h.worker("a", says(200))
	round := h.round("http:/", true, append(names(15), "a")...)
	round.Timeout = 5 * short
	require.Contains(t, Run(t.Context(), round).Message, "and nobody the rest")
}

func TestWhoAcceptsAndClosesAtOnceIsWellOverTCPAndNotOverHTTP(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", func(net.Conn) {})
	round := h.round("tcp", true)
	round.Holders = func([]listen.Client) (map[listen.Client]string, error) { return nil, nil } // it was too quick to be seen
	require.Equal(t, record.Result{OK: true, Passed: 1}, Run(t.Context(), round))
	round.Checks = []record.Check{{Kind: record.CheckPath, Target: "/"}}
	require.Contains(t, Run(t.Context(), round).Message, "was not answered")
}

func TestWhoResetsConnectionsIsNotWell(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) })
	for _, check := range []string{"tcp", "http:/"} {
		require.Contains(t, Run(t.Context(), h.round(check, true, "a")).Message, "connection reset by peer")
	}
}

func TestWhereNobodyListensIsNobodyWell(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.ln.Close()
	for _, check := range []string{"tcp", "http:/"} {
		r := Run(t.Context(), h.round(check, true, "a"))
		require.Contains(t, r.Message, "nobody can connect to tcp ("+h.listener.Address+"): connect: connection refused")
		require.True(t, Run(t.Context(), h.round(check, false, "a")).OK)
	}
}

func TestEveryStreamListenerHasToAccept(t *testing.T) {
	tcp, local := open(t, "tcp", "127.0.0.1:0"), open(t, "unix", filepath.Join(t.TempDir(), "x.sock"))
	tcp.worker("a", readsOn)
	round := tcp.round("tcp", true, "a")
	round.Listeners = []listen.Spec{{Name: "udp", Network: "udp", Address: tcp.listener.Address}, tcp.listener, local.listener}
	round.Timeout = short
	require.Contains(t, Run(t.Context(), round).Message, "nobody accepted a connection to unix ("+local.listener.Address+")")
	local.worker("a", readsOn)
	round.Timeout = patience
	round.Holders = func(clients []listen.Client) (map[listen.Client]string, error) {
		one, _ := tcp.holders(clients)
		other, err := local.holders(clients)
		maps.Copy(one, other)
		return one, err
	}
	require.Equal(t, record.Result{OK: true, Passed: 1, Reached: 1, Of: 1}, Run(t.Context(), round))
}

func TestAPathIsAskedForOnAUnixSocketIfThereIsNothingElse(t *testing.T) {
	local := open(t, "unix", "@rota-test-check-"+t.Name())
	local.worker("a", says(200))
	require.Equal(t, record.Result{OK: true, Passed: 1, Reached: 1, Of: 1}, Run(t.Context(), local.round("http:/", true, "a")))
	tcp := open(t, "tcp", "127.0.0.1:0")
	tcp.worker("b", says(500))
	round := tcp.round("http:/", true, "b")
	round.Listeners = []listen.Spec{local.listener, tcp.listener}
	require.Equal(t, "b", Run(t.Context(), round).Worker)
}

func TestWithoutTheKernelsViewABadAnswerCountsWhenItIsLive(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", says(500))
	for _, live := range []bool{false, true} {
		round := h.round("http:/", live, "a")
		round.Holders = nobodyKnows
		require.Equal(t, !live, Run(t.Context(), round).OK)
		round.Holders = nil
		require.Equal(t, !live, Run(t.Context(), round).OK)
	}
}

func TestAConnectionThatSomebodyElseHoldsIsNoWorkers(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("", says(500))
	r := Run(t.Context(), h.round("http:/", true, "a"))
	require.False(t, r.OK)
	require.Empty(t, r.Worker)
	require.True(t, Run(t.Context(), h.round("http:/", false, "a")).OK)
}

func TestTheFirstFailureEndsTheRound(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", says(404))
	round := h.round("tcp", true, "a")
	for _, path := range []string{"/first", "/second"} {
		round.Checks = append(round.Checks, record.Check{Kind: record.CheckPath, Target: path})
	}
	r := Run(t.Context(), round)
	require.Equal(t, "http:/first", r.Check)
	require.Equal(t, 1, r.Passed)
}

func TestARoundThatIsBrokenOffHasFoundNothing(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	h.worker("a", func(c net.Conn) { cancel(); readsOn(c) })
	began := time.Now()
	r := Run(ctx, h.round("http:/", true, "a"))
	require.True(t, r.OK)
	require.Zero(t, r.Passed)
	require.Less(t, time.Since(began), patience/2)
}

func TestEveryConnectionIsToldOf(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", says(200))
	round := h.round("http:/", true, "a")
	opened, closed := map[listen.Client]bool{}, map[listen.Client]bool{}
	round.Opened = func(c listen.Client) { opened[c] = true }
	round.Closed = func(c listen.Client) { closed[c] = true }
	require.True(t, Run(t.Context(), round).OK)
	require.Equal(t, opened, closed)
	require.GreaterOrEqual(t, len(opened), leastAtOnce)
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.held {
		require.True(t, opened[c])
	}
}

func TestACommandIsToldWhatItIsAbout(t *testing.T) {
	h := open(t, "tcp", "0.0.0.0:0")
	round := h.round("./smoke", true)
	round.Commands, round.Reload, round.Generation, round.Revision = true, "id", 7, "v7"
	var got []string
	round.Command = func(_ context.Context, line string, env []string) ([]string, error) {
		got = append([]string{line}, env...)
		return nil, nil
	}
	require.Equal(t, record.Result{OK: true, Passed: 1}, Run(t.Context(), round))
	require.Equal(t, []string{"./smoke", "ROTA_RELOAD_ID=id", "ROTA_GENERATION=7", "ROTA_REVISION=v7", "ROTA_LISTEN=" + h.listener.Reachable()}, got)

	round.Commands, got = false, nil
	require.Equal(t, record.Result{OK: true}, Run(t.Context(), round))
	require.Nil(t, got, "there is nobody yet whom it could be about")
}

func TestACommandThatFailsIsNamed(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	round := h.round("./smoke", true)
	round.Commands = true
	round.Command = func(context.Context, string, []string) ([]string, error) {
		return []string{"no", "smoke"}, errors.New("it exited with code 3")
	}
	require.Equal(t, record.Result{Check: "./smoke", Message: `check 1, "./smoke", failed: it exited with code 3`, Output: []string{"no", "smoke"}}, Run(t.Context(), round))

	round.Timeout = time.Millisecond
	round.Command = func(ctx context.Context, _ string, _ []string) ([]string, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	require.Equal(t, `check 1, "./smoke", did not end in 1ms and was killed`, Run(t.Context(), round).Message)
}

// Many a program goes on accepting for some seconds when it is told to stop, so that balancers notice.
func TestANewWorkerIsLookedForWhileAnOlderOneGoesOnAccepting(t *testing.T) {
	for check, among := range map[string]int{"tcp": 5, "http:/": 100} {
		h := open(t, "tcp", "127.0.0.1:0")
		visitors := 0
		h.worker("old", func(c net.Conn) {
			if visitors++; visitors == among {
				h.worker("new", says(200))
			}
			says(200)(c)
		})
		r := Run(t.Context(), h.round(check, true, "new"))
		require.True(t, r.OK, r.Message)
		require.Equal(t, 1, r.Passed)
	}
}
