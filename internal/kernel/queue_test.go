package kernel

import (
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAConnectionIsInTheQueueUntilItIsAccepted(t *testing.T) {
	for network, address := range map[string]string{
		"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": abstract("queue"),
	} {
		t.Run(network, func(t *testing.T) {
			ln := listen(t, network, address)
			withFD(t, ln.(syscall.Conn), func(fd int) { require.NoError(t, unix.Listen(fd, 7)) })
			l := describe(t, "any", ln)
			requireQueue(t, l, Queue{Depth: 0, Backlog: 7})

			for range 3 {
				dial(t, network, ln.Addr().String())
			}
			requireQueue(t, l, Queue{Depth: 3, Backlog: 7})
			connections, err := Connections([]Listener{l})
			require.NoError(t, err)
			require.Empty(t, connections, "no process holds what was not accepted")

			accept(t, ln)
			requireQueue(t, l, Queue{Depth: 2, Backlog: 7})
			only(t, l)
		})
	}
}

func TestEveryListenerHasItsOwnQueue(t *testing.T) {
	quiet, busy, local := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "tcp", ":0"), listen(t, "unix", abstract("own-queue"))
	listeners := []Listener{describe(t, "quiet", quiet), describe(t, "busy", busy), describe(t, "local", local)}
	dial(t, "tcp", busy.Addr().String())
	dial(t, "unix", abstract("own-queue"))
	dial(t, "unix", abstract("own-queue"))

	require.Eventually(t, func() bool {
		queues, err := AcceptQueues(listeners)
		return err == nil && len(queues) == 3 &&
			queues["quiet"].Depth == 0 && queues["busy"].Depth == 1 && queues["local"].Depth == 2
	}, patience, tick)
}

func TestAClosedListenerHasNoQueue(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "unix": abstract("closed-queue")} {
		ln := listen(t, network, address)
		l := describe(t, "any", ln)
		require.NoError(t, ln.Close())

		queues, err := AcceptQueues([]Listener{l})
		require.NoError(t, err)
		require.Empty(t, queues)
	}
}

func TestTheQueuesOfListenersWithOneNameAddUp(t *testing.T) {
	const clients = 20
	one := listenShared(t, "tcp4", "127.0.0.1:0")
	two := listenShared(t, "tcp4", one.Addr().String())
	for i, ln := range []net.Listener{one, two} {
		withFD(t, ln.(syscall.Conn), func(fd int) { require.NoError(t, unix.Listen(fd, 100+i)) })
	}
	for range clients {
		dial(t, "tcp4", one.Addr().String())
	}
	listeners := []Listener{describe(t, "tcp", one), describe(t, "tcp", two)}
	requireQueues(t, append(listeners, listeners[0]), Queue{Depth: clients, Backlog: 100 + 101})

	one.Close()
	queues, err := AcceptQueues(listeners)
	require.NoError(t, err)
	require.EqualValues(t, 101, queues["tcp"].Backlog, "of the one that is left")
}

// The client's end knows it is connected a moment before the listener does.
func requireQueue(t *testing.T, l Listener, want Queue) {
	t.Helper()
	requireQueues(t, []Listener{l}, want)
}

func requireQueues(t *testing.T, listeners []Listener, want Queue) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		queues, err := AcceptQueues(listeners)
		assert.NoError(c, err)
		assert.Equal(c, map[string]Queue{listeners[0].Name: want}, queues)
	}, patience, tick)
}

func TestAListenerTellsWhatItHasThrownAway(t *testing.T) {
	full, other := listen(t, "tcp4", "127.0.0.1:0"), listen(t, "tcp4", "127.0.0.1:0")
	withFD(t, full.(syscall.Conn), func(fd int) { require.NoError(t, unix.Listen(fd, 1)) })
	listeners := []Listener{describe(t, "full", full), describe(t, "other", other)}
	before, _, err := ListenCounters()
	require.NoError(t, err)
	var clients sync.WaitGroup
	t.Cleanup(clients.Wait)
	for range 4 { // two fit, and nobody accepts
		clients.Go(func() {
			if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", full.Addr().String()); err == nil {
				<-t.Context().Done()
				c.Close()
			}
		})
	}
	require.Eventually(t, func() bool {
		now, _, err := ListenCounters()
		return err == nil && now > before
	}, patience, tick)
	queues, err := AcceptQueues(listeners)
	require.NoError(t, err)
	require.Positive(t, queues["full"].Dropped)
	require.Zero(t, queues["other"].Dropped)
}
