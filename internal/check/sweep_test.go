package check

import (
	"fmt"
	"maps"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/record"
)

// Whom a round has reached.

func TestTheOneWorkerThatAcceptsNothingFailsALiveRoundAndIsNamed(t *testing.T) {
	for _, n := range []int{2, 8, 32} {
		for _, check := range []string{"tcp", "http:/"} {
			t.Run(fmt.Sprintf("%s, %d workers", check, n), func(t *testing.T) {
				t.Parallel()
				h := open(t, "tcp", "127.0.0.1:0")
				workers := names(n)
				for _, id := range workers[1:] {
					h.worker(id, says(200))
				}
				round := h.round(check, true, workers...)
				round.Timeout = short
				if n > 8 { // in a short time each of so many gets several only by luck, so the kernel has to tell
					round.Shirks = func(worker string, _ listen.Spec) bool { return worker == workers[0] }
				}
				r := Run(t.Context(), round)
				require.False(t, r.OK)
				require.Equal(t, workers[0], r.Worker)
				require.Regexp(t, `^the workers? of slots? 0.* accepted none of \d+ connections to tcp \(127`, r.Message)
				require.Zero(t, r.Passed)
			})
		}
	}
}

func TestBeforeItIsLiveTheWorkersThatWereNotReachedAreOnlyNamed(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", says(200))
	h.worker("old", says(200))
	r := Run(t.Context(), h.round("http:/", false, "a", "b"))
	require.True(t, r.OK, r.Message)
	require.Equal(t, []string{"b"}, r.Missed[len(r.Missed)-1:])
	require.Equal(t, 2, r.Of)
}

// Some kernels wake the same worker again and again, as long as it has nothing else to do.
func TestAWorkerThatIsPassedOverIsReachedWhileTheOthersAreKeptWaiting(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	waits := make(chan struct{})
	var visitors, late atomic.Int32
	h.worker("preferred", func(c net.Conn) {
		if visitors.Add(1) == 2 {
			close(waits)
		}
		says(200)(c)
	})
	go func() { <-waits; h.worker("passed over", says(200, func() { late.Add(1) })) }()
	r := Run(t.Context(), h.round("http:/", true, "preferred", "passed over"))
	require.Equal(t, record.Result{OK: true, Passed: 1, Reached: 2, Of: 2}, r)
	require.Positive(t, late.Load())
}

// A release that serves one of two listeners would lose the clients of the other.
func TestEachWorkerIsToAcceptOnEachListener(t *testing.T) {
	one, two := open(t, "tcp", "127.0.0.1:0"), open(t, "tcp", "127.0.0.1:0")
	two.listener.Name = "admin"
	for _, id := range []string{"a", "b"} {
		one.worker(id, readsOn)
	}
	two.worker("a", readsOn)
	round := one.round("tcp", true, "a", "b")
	round.Listeners = append(round.Listeners, two.listener)
	round.Holders = both(one, two)
	round.Timeout = 2 * short
	r := Run(t.Context(), round)
	require.Equal(t, "b", r.Worker)
	require.Regexp(t, `^the worker of slot 1 accepted none of \d+ connections to admin `, r.Message)

	round.Live = false
	r = Run(t.Context(), round)
	require.True(t, r.OK, r.Message)
	require.Equal(t, []string{"b"}, r.Missed)

	two.worker("b", readsOn)
	round.Live, round.Timeout = true, patience
	require.Equal(t, record.Result{OK: true, Passed: 1, Reached: 2, Of: 2}, Run(t.Context(), round))
}

func both(one, two *house) func([]listen.Client) (map[listen.Client]string, error) {
	return func(clients []listen.Client) (map[listen.Client]string, error) {
		found, _ := one.holders(clients)
		more, err := two.holders(clients)
		maps.Copy(found, more)
		return found, err
	}
}

// Where an older worker alone serves the second listener, the new ones have not passed.
func TestTheNewGenerationIsToAcceptOnEachListenerBeforeTheCheckHasPassed(t *testing.T) {
	one, two := open(t, "tcp", "127.0.0.1:0"), open(t, "tcp", "127.0.0.1:0")
	one.worker("new", readsOn)
	two.worker("old", readsOn)
	round := one.round("tcp", false, "new")
	round.Listeners = append(round.Listeners, two.listener)
	round.Holders = both(one, two)
	r := Run(t.Context(), round)
	require.True(t, r.OK, r.Message)
	require.Zero(t, r.Passed)
	require.Equal(t, []string{"new"}, r.Missed)
}

func TestWhomNobodyKnowsMayBeAnyOfTheWorkers(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("", says(200))
	r := Run(t.Context(), h.round("http:/", true, "a", "b"))
	require.True(t, r.OK, r.Message)
	require.True(t, r.Unseen)
	require.Equal(t, 1, r.Passed)
	require.Empty(t, r.Missed)
}

func TestABurstLeavesMostOfAQueueToClients(t *testing.T) {
	queue := kernel.Queue{Backlog: 16, Depth: 1}
	s := &sweep{round: &round{}, listener: listen.Spec{Name: "tcp"}}
	s.Workers = names(32)
	for nth := 1; nth < 9; nth++ {
		require.Positive(t, s.size(nth))
		require.LessOrEqual(t, s.size(nth), mostAtOnce)
	}
	s.Queues = func() (map[string]kernel.Queue, error) { return map[string]kernel.Queue{"tcp": queue}, nil }
	require.Equal(t, 3, s.size(9))
	queue.Depth = 16
	require.Equal(t, 1, s.size(1), "one is no burden")
}

func TestAnAcceptedConnectionOnWhichNothingComesIsNotOneThatNobodyAccepted(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	round := h.round("http:/", true, "a")
	round.Timeout = short
	require.Equal(t, fmt.Sprintf("nobody accepted a connection to tcp (%s) in 200ms", h.listener.Address), Run(t.Context(), round).Message)
	h.worker("a", readsOn)
	r := Run(t.Context(), round)
	require.Equal(t, "a", r.Worker)
	require.Contains(t, r.Message, "accepted the connection and did not answer")
	round.Holders = nobodyKnows
	r = Run(t.Context(), round)
	require.Empty(t, r.Worker)
	require.Contains(t, r.Message, "the kernel does not tell whether anybody accepted the connection")
}
