package minder

import (
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/plan"
	"rota/internal/pool"
)

// looks has a withdrawal from two listeners see what there is to see, and returns at which look, from 1 on, it was over.
func looks(unseen kernel.Unseen, pairs ...[2]kernel.Wait) (over int) {
	return looksOf(newWithdrawal([]kernel.Listener{{Name: "tcp", Inode: 1}, {Name: "http", Inode: 2}}, nil), unseen, pairs...)
}

func looksOf(w *withdrawal, unseen kernel.Unseen, pairs ...[2]kernel.Wait) (over int) {
	for i, waits := range pairs {
		if w.see(time.Unix(int64(i), 0), map[uint64]kernel.Wait{1: waits[0], 2: waits[1]}, unseen) {
			return i + 1
		}
	}
	return 0
}

func TestAWorkerHasStoppedAcceptingWhen(t *testing.T) {
	polls, open := kernel.Wait{Open: true, Registered: true}, kernel.Wait{Open: true}
	accepts, stale, closed := kernel.Wait{Open: true, Blocked: true}, kernel.Wait{Blocked: true}, kernel.Wait{}
	both := func(w kernel.Wait) [2]kernel.Wait { return [2]kernel.Wait{w, w} }
	for name, c := range map[string]struct {
		looks  [][2]kernel.Wait
		unseen kernel.Unseen
		over   int
	}{
		"it has closed them":                               {looks: [][2]kernel.Wait{both(polls), both(closed)}, over: 2},
		"it had before it was looked at":                   {looks: [][2]kernel.Wait{both(closed)}, over: 1},
		"it has closed one":                                {looks: [][2]kernel.Wait{both(polls), {polls, closed}}},
		"only its epoll set has them":                      {looks: [][2]kernel.Wait{both(polls), both(kernel.Wait{Registered: true})}, over: 2},
		"a thread accepts on a closed one":                 {looks: [][2]kernel.Wait{both(polls), {closed, stale}}},
		"it has left them for long":                        {looks: [][2]kernel.Wait{both(polls), both(open), both(open), both(open)}, over: 4},
		"it has closed one and left the other":             {looks: [][2]kernel.Wait{both(polls), {open, closed}, {open, closed}, {open, closed}}, over: 4},
		"it has left them for a moment":                    {looks: [][2]kernel.Wait{both(polls), both(open), both(open), both(polls), both(open), both(open)}},
		"it has left them, and a thread accepts":           {looks: [][2]kernel.Wait{both(polls), both(accepts), both(accepts), both(accepts)}},
		"it accepted, and may only be busy":                {looks: [][2]kernel.Wait{both(accepts), both(open), both(open), both(open), both(open)}},
		"nothing was ever seen of how it accepts":          {looks: [][2]kernel.Wait{both(open), both(open), both(open), both(open)}},
		"not everything can be seen":                       {looks: [][2]kernel.Wait{both(closed), both(closed), both(closed)}, unseen: kernel.UnseenRing},
		"it was never seen to use one, and left the other": {looks: [][2]kernel.Wait{{polls, open}, both(open), both(open), both(open)}},
	} {
		require.Equal(t, c.over, looks(c.unseen, c.looks...), name)
	}
}

func TestAListenerThatAWorkerNeverUsedNeedNotBeGivenUp(t *testing.T) {
	polls, open, closed := kernel.Wait{Open: true, Registered: true}, kernel.Wait{Open: true}, kernel.Wait{}
	listeners := []kernel.Listener{{Name: "tcp", Inode: 1}, {Name: "http", Inode: 2}}
	unused := func() *withdrawal { return newWithdrawal(listeners, map[uint64]bool{2: true}) }
	require.Equal(t, 2, looksOf(unused(), "", [2]kernel.Wait{polls, open}, [2]kernel.Wait{closed, open}))
	require.Zero(t, looksOf(unused(), "", [2]kernel.Wait{polls, polls}, [2]kernel.Wait{closed, polls}), "it does use it")
}

func TestWhichListenersAWorkerDoesNotUse(t *testing.T) {
	w := &watch{Minder: &Minder{Listeners: []kernel.Listener{{Inode: 1}, {Inode: 2}, {Inode: 3}}}}
	require.Empty(t, w.unused(), "nobody has looked")
	w.schedule = &lookSchedule{latest: Acceptance{Listeners: []ObservedListener{{Accepting: true}, {Registered: true}, {Open: true}}}}
	require.Equal(t, map[uint64]bool{3: true}, w.unused())
	w.schedule.latest.Unseen = kernel.UnseenRing
	require.Empty(t, w.unused())
	w.schedule.latest = Acceptance{Listeners: []ObservedListener{{}, {Registered: true}, {}}}
	require.Empty(t, w.unused(), "nothing is known of how it accepts")
}

func TestTheListenersAreNamedOnWhichAWorkerWaits(t *testing.T) {
	w := newWithdrawal([]kernel.Listener{{Name: "tcp", Inode: 1}, {Name: "http", Inode: 2}, {Name: "http", Inode: 3}, {Name: "side", Inode: 4}}, nil)
	w.see(time.Now(), map[uint64]kernel.Wait{
		1: {Open: true, Blocked: true}, 2: {Open: true, Registered: true}, 3: {Open: true, Registered: true}, 4: {Registered: true},
	}, "")
	require.Equal(t, "tcp, http", w.waitsOn())
}

func TestALookCostsAShareOfTheTime(t *testing.T) {
	require.Equal(t, shortestLookPause, lookPause(0, 0))
	require.Equal(t, time.Second, lookPause(8*time.Second, 0))
	require.Equal(t, 2*time.Second, lookPause(10*time.Second, 100*time.Millisecond))
	require.Equal(t, time.Second, lookPause(time.Second, time.Second))
	n := 0
	for since := time.Duration(0); since < plan.DefaultDrainTimeout; since += lookPause(since, 0) {
		n++
	}
	require.Less(t, n, 100)
}

// This process is the worker.
func TestAWorkerIsLookedAtUntilItHasStoppedAccepting(t *testing.T) {
	own, err := kernel.FindProcess(os.Getpid())
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		file, err := listener.(*net.TCPListener).File()
		require.NoError(t, err)
		described, err := kernel.Describe("tcp", int(file.Fd()))
		require.NoError(t, err)
		require.NoError(t, file.Close())

		facts := make(chan pool.Fact)
		m := &Minder{
			Start: pool.Start{Worker: "w"}, log: zerolog.Nop(), Listeners: []kernel.Listener{described},
			Callbacks: Callbacks{
				Family: func(string) kernel.Family { return kernel.Family{own} },
				Post:   func(f pool.Fact) { facts <- f },
			},
		}
		began := time.Now()
		w := &watch{Minder: m, process: &fakeProcess{}}
		<-w.watchWithdrawal()
		still := (<-facts).(pool.StillAccepts)
		require.Equal(t, "tcp", still.Listeners)
		require.Equal(t, time.Since(began), still.After)
		require.GreaterOrEqual(t, still.After, stopsWithin)

		require.NoError(t, listener.Close())
		stopped := (<-facts).(pool.StoppedAccepting)
		require.Equal(t, "w", stopped.Worker)
		require.WithinDuration(t, time.Now(), stopped.At, 0, "when it was looked at")
		<-w.watchWithdrawal() // of one that has stopped
		require.IsType(t, pool.StoppedAccepting{}, <-facts)
	})
}

func TestAWorkerThatIsGoneIsNotLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{Minder: &Minder{
			Listeners: []kernel.Listener{{Name: "tcp", Inode: 1}},
			Callbacks: Callbacks{Family: func(string) kernel.Family { return nil }},
		}, process: &fakeProcess{}}
		<-w.watchWithdrawal()
		w.stopLooking()
		synctest.Wait() // the test would not end otherwise
	})
	<-(&watch{Minder: &Minder{}}).watchWithdrawal() // nothing to look at
}

func TestWhatAWorkerLetsGoOfWhileItIsKilledTellsNothing(t *testing.T) {
	own, err := kernel.FindProcess(os.Getpid())
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		w := &watch{Minder: &Minder{Listeners: []kernel.Listener{{Inode: 1}}}, process: &fakeProcess{}}
		w.Post = func(f pool.Fact) { t.Errorf("%T", f) }
		w.Family = func(string) kernel.Family { w.stopLooking(); return kernel.Family{own} }
		<-w.watchWithdrawal()
		synctest.Wait()
	})
}
