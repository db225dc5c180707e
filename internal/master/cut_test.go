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
	r := runMaster(t, Spec{Workers: 1}, "drops-connections")
	r.ready(1)
	clients := r.greeted(3)
	r.reload(ReloadRequest{}, ReloadLive)
	done := r.next(EventReloadCompleted).Reload
	require.Equal(t, 3, done.Dropped)
	require.Zero(t, done.ConnectionsCut)
	require.Zero(t, done.Drained)
	require.Len(t, done.CutConnections, 3)
	var peers []string
	for _, c := range done.CutConnections {
		require.Equal(t, Dropped, c.How)
		require.NotEmpty(t, c.WorkerID)
		require.Equal(t, "tcp", c.Listener)
		peers = append(peers, c.Remote)
	}
	for _, c := range clients {
		require.Contains(t, peers, c.LocalAddr().String())
	}
}

func TestWhoWasCutIsToldInTheExitAndInTheReload(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "holds-connections")
	r.ready(1)
	clients := r.greeted(2)
	old := r.of(clients[0]).WorkerID
	_, _, err := r.CloseConnection(new(r.of(clients[0])).ID()) // which the worker keeps all the same
	require.NoError(t, err)
	reload := r.reload(ReloadRequest{DrainTimeout: 300 * time.Millisecond}, ReloadCompleted)
	require.Equal(t, 1, reload.ConnectionsCut, "the other had been closed")
	require.Len(t, reload.CutConnections, 1)
	c := reload.CutConnections[0]
	require.Equal(t, Cut, c.How)
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
	r := runMaster(t, Spec{Workers: 1}, "drains")
	r.ready(1)
	clients := r.greeted(3)
	r.reload(ReloadRequest{}, ReloadLive)
	_, _, err := r.CloseConnection(new(r.of(clients[0])).ID())
	require.NoError(t, err)
	clients[1].Close()
	clients[2].Close()
	done := r.next(EventReloadCompleted).Reload
	require.Equal(t, 2, done.Drained)
	require.Equal(t, 1, done.Evicted)
	require.Zero(t, done.Dropped)
	require.Empty(t, done.CutConnections)
}

// What is known of the first process then says nothing of those that had the connections.
func TestAProgramThatOutlivesItsWrapperHasDroppedNothing(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1, StopGroup: true}, "wraps")
	r.ready(1)
	c := r.held()
	reload := r.reload(ReloadRequest{}, ReloadLive)
	workers, _ := r.workers()
	requireGone(t, workers[1].PID)
	r.echo(c)
	require.Equal(t, ReloadLive, reload.State)
	c.Close()
	done := r.next(EventReloadCompleted).Reload
	require.Zero(t, done.Dropped)
	require.Equal(t, 1, done.Drained)
}

// ends lets the one worker of a world drain with so many connections and end as it does.
func ends(counts []int, evictions int, exit Exit) *Reload {
	w := newWorld(1).up()
	old := w.in(WorkerReady)[0]
	r := w.ask()
	w.prepare(nil)
	w.ready(w.next())
	for _, n := range counts {
		some := make([]CutConnection, min(n, mostCut))
		w.apply(counted{connections: map[string]int{old.ID: n}, some: map[string][]CutConnection{old.ID: some}})
	}
	w.apply(evicted{worker: old.ID, n: evictions})
	w.apply(exited{worker: old.ID, exit: exit})
	return r
}

func TestWhatBecameOfTheConnections(t *testing.T) {
	for _, c := range []struct {
		name                     string
		counts                   []int
		evicted                  int
		exit                     Exit
		drained, cut, drop, told int
	}{
		{"it drained", []int{5, 7, 2}, 0, Exit{}, 7, 0, 0, 0},
		{"two were evicted", []int{5}, 2, Exit{}, 3, 0, 0, 0},
		{"nobody counted", nil, 0, Exit{}, 0, 0, 0, 0},
		{"it was killed", []int{5, 3}, 0, Exit{Code: -1, Signal: "SIGKILL", Killed: true, Cut: 3, CutConnections: make([]CutConnection, 3)}, 2, 3, 0, 3},
		{"it was killed, who knows with how many", []int{5}, 0, Exit{Code: -1, Signal: "SIGKILL", Killed: true, CutUnknown: true}, 0, 0, 0, 0},
		{"it crashed", []int{5, 3}, 1, Exit{Code: -1, Signal: "SIGSEGV"}, 2, 0, 2, 3},
		{"it failed", []int{500}, 0, Exit{Code: 1}, 0, 0, 500, mostCut},
		{"it failed with nobody there", []int{4, 0}, 0, Exit{Code: 1}, 4, 0, 0, 0},
		{"its wrapper was ended", []int{4}, 0, Exit{Code: -1, Signal: "SIGTERM", Outlived: true}, 4, 0, 0, 0},
		{"more were evicted than were seen", []int{1}, 3, Exit{}, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ends(c.counts, c.evicted, c.exit)
			require.Equal(t, ReloadCompleted, r.State)
			require.Equal(t, []int{c.drained, c.cut, c.drop, c.told}, []int{r.Drained, r.ConnectionsCut, r.Dropped, len(r.CutConnections)})
		})
	}
}

// The one who is evicted before anybody has counted is not missing among those who drained.
func TestWhoIsEvictedAtOnceIsNotCountedTwice(t *testing.T) {
	w := newWorld(1).up()
	old := w.in(WorkerReady)[0]
	r := w.live()
	w.apply(evicted{worker: old.ID, n: 3})
	w.apply(holds{worker: old.ID, n: 7})
	w.apply(exited{worker: old.ID})
	require.Equal(t, []int{7, 3}, []int{r.Drained, r.Evicted})
}

// That nobody knows of a loss does not mean that there was none.
func TestAWorkerThatBrokeUnseenMayHaveDroppedSomething(t *testing.T) {
	for _, c := range []struct {
		counted bool
		exit    Exit
		doubts  int
	}{
		{false, Exit{Code: 1}, 1},
		{false, Exit{Code: -1, Signal: "SIGTERM"}, 1},
		{false, Exit{}, 0},
		{true, Exit{Code: 1}, 0},
	} {
		w := newWorld(1).up()
		old := w.in(WorkerReady)[0]
		r := w.live()
		if c.counted {
			w.apply(holds{worker: old.ID})
		}
		w.apply(exited{worker: old.ID, exit: c.exit})
		require.Equal(t, ReloadCompleted, r.State)
		require.Len(t, r.DropDoubts, c.doubts)
	}
}

// Who reads a reload while it goes on must not see its list change.
func TestAReloadKeepsAHundredOfThoseThatWereCut(t *testing.T) {
	var r Reload
	r.addCut(make([]CutConnection, mostCut-1))
	before := r.clone()
	r.addCut(make([]CutConnection, 5))
	require.Len(t, r.CutConnections, mostCut)
	r.addCut(make([]CutConnection, 5))
	require.Len(t, r.CutConnections, mostCut)
	require.Len(t, before.CutConnections, mostCut-1)
	require.Equal(t, cap(before.CutConnections), len(before.CutConnections))
}

func TestADescriptionSaysWhatIsKnown(t *testing.T) {
	list := make([]Connection, 2*mostCut)
	list[0] = Connection{WorkerID: "w", Connection: kernel.Connection{Cookie: 0xabc, Listener: "web", Remote: "192.0.2.1:1", TCPState: "CLOSE_WAIT",
		TCP: &kernel.TCPInfo{Idle: time.Minute}}}
	described := cutOf(list, Cut)
	require.Len(t, described, mostCut)
	require.Equal(t, CutConnection{ID: "abc", WorkerID: "w", Listener: "web", Remote: "192.0.2.1:1", State: "half-closed", Idle: time.Minute, How: Cut}, described[0])
	require.Negative(t, described[1].Idle, "the kernel does not tell")
}

// The worker is told to stop in time also when the kernel takes for ever.
func TestASlowCountDelaysTheStopSignalByAMoment(t *testing.T) {
	inBubble(t, Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		census, slow := b.observer.census, make(chan struct{})
		b.observer.census = func(workers []string) (map[string][]Connection, error) {
			<-slow
			return census(workers)
		}
		began := time.Now()
		reload := b.wait(b.askReload().ID, ReloadCompleted)
		require.Equal(t, []syscall.Signal{unix.SIGTERM}, b.processes[0].signals)
		require.Equal(t, time.Second+countBeforeStop, time.Since(began), "to start the new one, and the patience")
		require.Zero(t, reload.Drained)
		close(slow)
	})
}

// However many are told to stop at once, the kernel's table is looked through twice at most.
func TestManyWhoAskAtOnceShareACount(t *testing.T) {
	inBubble(t, Spec{Workers: 20}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		census, asked := b.observer.census, atomic.Int32{}
		b.observer.census = func(workers []string) (map[string][]Connection, error) {
			asked.Add(1)
			time.Sleep(30 * time.Millisecond)
			return census(workers)
		}
		for _, p := range b.processes {
			go func() {
				list, known := b.observer.heldBy(p.spec.worker, time.Second)
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

func TestWhatAWorkerHadIsUnknownIfItWasNotCountedInTime(t *testing.T) {
	w := newWorld(1).up()
	old := w.in(WorkerReady)[0]
	r := w.live()
	w.apply(holds{worker: old.ID, unknown: true})
	w.apply(counted{connections: map[string]int{old.ID: 0}})
	w.apply(exited{worker: old.ID})
	require.True(t, r.DrainedUnknown, "some may have left before it was counted")
}
