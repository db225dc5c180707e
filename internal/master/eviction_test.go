package master

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// drainConnections greets every connection and reads it to its end; told to stop it takes no more, and leaves when the
// last has ended.
func drainConnections() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	terminated := whenTerminated()
	go func() { <-terminated; listeners[0].Close() }()
	sayReady()
	var open sync.WaitGroup
	for {
		c, err := listeners[0].Accept()
		if err != nil {
			open.Wait()
			return
		}
		open.Go(func() {
			_, _ = c.Write([]byte("x"))
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		})
	}
}

// greeted connects n times and reads the greetings.
func (r *running) greeted(n int) (clients []net.Conn) {
	r.t.Helper()
	for range n {
		a := r.listening()[0]
		c, err := net.Dial(a.Network, a.Address)
		require.NoError(r.t, err)
		r.t.Cleanup(func() { c.Close() })
		require.NoError(r.t, c.SetDeadline(time.Now().Add(patience)))
		_, err = io.ReadFull(c, make([]byte, 1))
		require.NoError(r.t, err)
		clients = append(clients, c)
	}
	return clients
}

// of is the connection whose other end the client has.
func (r *running) of(client net.Conn) listen.Connection {
	r.t.Helper()
	listing, err := r.Connections()
	require.NoError(r.t, err)
	for _, c := range listing.Connections {
		if c.Remote == client.LocalAddr().String() {
			return c
		}
	}
	require.FailNow(r.t, "no worker has the connection")
	return listen.Connection{}
}

func requireEnded(t *testing.T, client net.Conn) {
	t.Helper()
	rest, err := io.ReadAll(client)
	require.NoError(t, err, "an end, and no reset")
	require.Empty(t, rest)
}

func TestAConnectionThatIsClosedForADrainingWorkerIsEvictedAndNotCut(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "drains")
	r.ready(1)
	clients := r.greeted(2)
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Zero(t, reload.Evicted)

	c := r.of(clients[0])
	closed, how, err := r.CloseConnection(c.ID())
	require.NoError(t, err)
	require.Equal(t, kernel.Shutdown, how)
	require.Equal(t, c.Cookie, closed.Cookie)
	requireEnded(t, clients[0])
	reload, err = r.ReloadByID(reload.ID)
	require.NoError(t, err)
	require.Equal(t, 1, reload.Evicted)
	require.Equal(t, record.ReloadLive, reload.State, "there is another")

	_, _, err = r.CloseConnection(new(r.of(clients[1])).ID())
	require.NoError(t, err)
	done := r.next(record.EventReloadCompleted)
	require.Equal(t, 2, done.Reload.Evicted)
	require.Zero(t, done.Reload.ConnectionsCut)
	requireEnded(t, clients[1])
}

func TestAStoppedWorkersConnectionIsClosedOnceAndCountedOnce(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "drains")
	r.ready(1)
	client := r.greeted(1)[0]
	workers, _ := r.workers()
	old := workers[0]
	require.NoError(t, unix.Kill(old.PID, unix.SIGSTOP))
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)

	c := r.of(client)
	for range 2 {
		_, how, err := r.CloseConnection(c.ID())
		require.NoError(t, err)
		require.Equal(t, kernel.Shutdown, how)
	}
	requireEnded(t, client)
	evicted, err := r.Evict(old.ID, 0)
	require.NoError(t, err)
	require.Empty(t, evicted, "the worker still has it, but it is closed")
	reload, err = r.ReloadByID(reload.ID)
	require.NoError(t, err)
	require.Equal(t, 1, reload.Evicted)
	require.NoError(t, unix.Kill(old.PID, unix.SIGCONT))
	r.next(record.EventReloadCompleted)
}

func TestOnlyThoseThatAreIdleForLongEnoughAreEvicted(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "drains")
	r.ready(1)
	clients := r.greeted(3)
	worker := r.of(clients[0]).WorkerID
	require.Eventually(t, func() bool { // only the kernel's clock says that
		for _, client := range clients {
			if c := r.of(client); c.State() != listen.ConnectionIdle {
				return false
			}
		}
		return true
	}, patience, 10*time.Millisecond)
	nobody, err := r.Evict(worker, time.Hour)
	require.NoError(t, err)
	require.Empty(t, nobody)
	_, err = clients[0].Write([]byte("I am active"))
	require.NoError(t, err)

	some, err := r.Evict(worker, time.Second)
	require.NoError(t, err)
	require.Empty(t, some.Failed)
	require.Len(t, some.Closed, 2)
	requireEnded(t, clients[1])
	requireEnded(t, clients[2])
	require.Equal(t, listen.ConnectionActive, new(r.of(clients[0])).State())

	workers, _ := r.workers()
	require.Equal(t, record.WorkerReady, workers[0].State)
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
	clients[0].Close()
	require.Zero(t, r.next(record.EventReloadCompleted).Reload.Evicted, "that was before")
	require.Equal(t, record.ReloadLive, reload.State)
}

func TestUnixConnectionsAreIdleForAnUnknownTime(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, Listen: []listen.Spec{{Name: "unix", Network: "unix", Address: t.TempDir() + "/x.sock"}}}, "drains")
	r.ready(1)
	client := r.greeted(1)[0]
	workers, _ := r.workers()
	nobody, err := r.Evict(workers[0].ID, time.Nanosecond)
	require.NoError(t, err)
	require.Empty(t, nobody)
	all, err := r.Evict(workers[0].ID, 0)
	require.NoError(t, err)
	require.Len(t, all.Closed, 1)
	requireEnded(t, client)
}

func TestWhoAsksForTheWrongOneIsTold(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "drains")
	r.ready(1)
	client := r.greeted(1)[0]
	id := new(r.of(client)).ID()
	for _, id := range []string{"", "1", "x", "-1", "0" + id, id + "0", "ffffffffffffffff"} {
		_, _, err := r.CloseConnection(id)
		require.ErrorIs(t, err, ErrNoConnection, id)
	}
	_, err := r.Evict("nobody", 0)
	require.ErrorIs(t, err, record.ErrNoWorker)
	_, err = client.Write([]byte("x"))
	require.NoError(t, err)
}

func TestAProbeOfRotasOwnIsNotEvicted(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "holds-connections")
	r.ready(1)
	clients := r.greeted(2)
	r.observer.Own.Add(listen.Client{Local: clients[0].LocalAddr().String(), Remote: clients[0].RemoteAddr().String()})
	workers, _ := r.workers()
	var evicted Evicted
	require.Eventually(t, func() bool { // they are active for a while
		var err error
		evicted, err = r.Evict(workers[0].ID, 0)
		require.NoError(t, err)
		return len(evicted.Closed) > 0
	}, patience, time.Millisecond)
	require.Len(t, evicted.Closed, 1)
	require.Equal(t, clients[1].LocalAddr().String(), evicted.Closed[0].Remote)
}
