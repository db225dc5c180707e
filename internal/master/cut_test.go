package master

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/plan"
	"rota/internal/record"
)

// dropConnections greets every connection, and when told to stop leaves at once, with an error.
func dropConnections() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		os.Exit(8)
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() { <-terminated; os.Exit(3) }()
	sayReady()
	for {
		c, err := listeners[0].Accept()
		if err != nil {
			os.Exit(7)
		}
		_, _ = c.Write([]byte("x"))
		held = append(held, c)
	}
}

func TestAWorkerThatEndsInsteadOfDrainingHasDroppedItsConnections(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "drops-connections")
	r.ready(1)
	clients := r.greeted(3)
	r.reload(record.ReloadRequest{}, record.ReloadLive)
	done := r.next(record.EventReloadCompleted).Reload
	require.Equal(t, 3, done.Dropped)
	require.Zero(t, done.ConnectionsCut)
	require.Zero(t, done.Drained)
	require.Len(t, done.CutConnections, 3)
	var peers []string
	for _, c := range done.CutConnections {
		require.Equal(t, record.Dropped, c.How)
		require.NotEmpty(t, c.WorkerID)
		require.Equal(t, "tcp", c.Listener)
		peers = append(peers, c.Remote)
	}
	for _, c := range clients {
		require.Contains(t, peers, c.LocalAddr().String())
	}
}

func TestWhoWasCutIsToldInTheExitAndInTheReload(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "holds-connections")
	r.ready(1)
	clients := r.greeted(2)
	old := r.of(clients[0]).WorkerID
	_, _, err := r.CloseConnection(new(r.of(clients[0])).ID()) // which the worker keeps all the same
	require.NoError(t, err)
	reload := r.reload(record.ReloadRequest{DrainTimeout: 300 * time.Millisecond}, record.ReloadCompleted)
	require.Equal(t, 1, reload.ConnectionsCut, "the other had been closed")
	require.Len(t, reload.CutConnections, 1)
	c := reload.CutConnections[0]
	require.Equal(t, record.Cut, c.How)
	require.Equal(t, old, c.WorkerID)
	require.Equal(t, clients[1].LocalAddr().String(), c.Remote)
	require.NotEmpty(t, c.State)
	require.GreaterOrEqual(t, c.Idle, time.Duration(0))
	require.Zero(t, reload.Dropped)
	w, err := r.Worker(old)
	require.NoError(t, err)
	require.True(t, w.Exit.Killed)
	require.Equal(t, reload.CutConnections, w.Exit.CutConnections)
}

func TestConnectionsThatEndByThemselvesHaveDrained(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "drains")
	r.ready(1)
	clients := r.greeted(3)
	r.reload(record.ReloadRequest{}, record.ReloadLive)
	_, _, err := r.CloseConnection(new(r.of(clients[0])).ID())
	require.NoError(t, err)
	clients[1].Close()
	clients[2].Close()
	done := r.next(record.EventReloadCompleted).Reload
	require.Equal(t, 2, done.Drained)
	require.Equal(t, 1, done.Evicted)
	require.Zero(t, done.Dropped)
	require.Empty(t, done.CutConnections)
}

// What is known of the first process then says nothing of those that had the connections.
func TestAProgramThatOutlivesItsWrapperHasDroppedNothing(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, StopGroup: true}, "wraps")
	r.ready(1)
	c := r.held()
	reload := r.reload(record.ReloadRequest{}, record.ReloadLive)
	workers, _ := r.workers()
	requireGone(t, workers[1].PID)
	r.echo(c)
	require.Equal(t, record.ReloadLive, reload.State)
	c.Close()
	done := r.next(record.EventReloadCompleted).Reload
	require.Zero(t, done.Dropped)
	require.Equal(t, 1, done.Drained)
}

func TestADescriptionSaysWhatIsKnown(t *testing.T) {
	list := make([]listen.Connection, 2*record.MostCut)
	list[0] = listen.Connection{WorkerID: "w", Connection: kernel.Connection{Cookie: 0xabc, Listener: "web", Remote: "192.0.2.1:1", TCPState: "CLOSE_WAIT",
		TCP: &kernel.TCPInfo{Idle: time.Minute}}}
	described := listen.CutConnections(list, record.Cut)
	require.Len(t, described, record.MostCut)
	require.Equal(t, record.CutConnection{ID: "abc", WorkerID: "w", Listener: "web", Remote: "192.0.2.1:1", State: "half-closed", Idle: time.Minute, How: record.Cut}, described[0])
	require.Negative(t, described[1].Idle, "the kernel does not tell")
}

// The worker is told to stop in time also when the kernel takes for ever.
func TestASlowCountDelaysTheStopSignalByAMoment(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		census, slow := b.observer.Looks.Held, make(chan struct{})
		b.observer.Looks.Held = func(workers []string) (map[string][]listen.Connection, error) {
			<-slow
			return census(workers)
		}
		began := time.Now()
		reload := b.wait(b.askReload().ID, record.ReloadCompleted)
		require.Equal(t, []syscall.Signal{unix.SIGTERM}, b.processes[0].signals)
		require.Equal(t, time.Second+minder.CountBeforeStop, time.Since(began), "to start the new one, and the patience")
		require.Zero(t, reload.Drained)
		close(slow)
	})
}

// However many are told to stop at once, the kernel's table is looked through twice at most.
func TestManyWhoAskAtOnceShareACount(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 20}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		census, asked := b.observer.Looks.Held, atomic.Int32{}
		b.observer.Looks.Held = func(workers []string) (map[string][]listen.Connection, error) {
			asked.Add(1)
			time.Sleep(30 * time.Millisecond)
			return census(workers)
		}
		for _, p := range b.processes {
			go func() {
				list, known := b.observer.HeldBy(p.spec.Worker, time.Second)
				if !known || len(list) != 2 {
					b.t.Error("not known")
				}
			}()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.Contains(b.t, []int32{1, 2}, asked.Load())
	})
}
