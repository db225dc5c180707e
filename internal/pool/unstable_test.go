package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rota/internal/record"
)

// What happens to slot 0 between the trial and the end of a reload, and what the reload is then.
func TestAReloadIsJudgedByItsWorkersAtTheEnd(t *testing.T) {
	const lived = "has no ready worker"
	back := func(w *world) { w.apply(RetryDue{Slot: 0}); w.up() } // the next one starts, and is ready
	for name, c := range map[string]struct {
		happens func(*world)
		message string // "": all is well
		died    int
	}{
		"nothing":                       {func(*world) {}, "", 0},
		"one has died and starts anew":  {(*world).dies, "slot 0 " + lived + ": 1 death, the last worker exited with code 1", 1},
		"one has died and is back":      {func(w *world) { w.dies(); w.up() }, "", 1},
		"it waits for its back-off":     {func(w *world) { w.dies(); w.up(); w.dies() }, "2 deaths in a row", 2},
		"it starts after its back-off":  {func(w *world) { w.dies(); w.up(); w.dies(); w.apply(RetryDue{Slot: 0}) }, lived, 2},
		"it is back after its back-off": {func(w *world) { w.dies(); w.up(); w.dies(); back(w) }, "", 2},
		"it is in a crash loop, and ready": {func(w *world) {
			w.dies()
			w.up()
			w.dies()
			back(w)
			w.dies()
			back(w)
		}, "slot 0 is in a crash loop: 3 deaths", 3},
		"it has recovered": {func(w *world) {
			w.dies()
			w.up()
			w.dies()
			back(w)
			w.dies()
			back(w)
			w.now = w.now.Add(stableAfter)
		}, "", 3},
		"it is given up":                       {func(w *world) { w.dies(); w.apply(StartTimedOut{Worker: w.pool.slots[0].duty.ID}) }, "the last worker was not ready in time", 1},
		"a new slot starts for the first time": {func(w *world) { w.apply(ScaleBy{Delta: 1}) }, "", 0},
		"a new slot can't be filled": {func(w *world) {
			w.apply(ScaleBy{Delta: 1})
			w.apply(Exited{Worker: w.pool.slots[2].duty.ID, Exit: record.Exit{Code: 1}})
		}, "slot 2 " + lived, 0},
		"two slots are down": {func(w *world) {
			w.dies()
			w.apply(Exited{Worker: w.pool.slots[1].duty.ID, Exit: record.Exit{Code: 1}})
		}, "; 1 other slot is no better", 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(2).up()
			r := w.live()
			c.happens(w)
			require.Equal(t, record.ReloadLive, r.State)
			require.Nil(t, r.Failure, "that is said at the end")
			w.leave()
			require.Equal(t, record.ReloadCompleted, r.State)
			require.Equal(t, c.died, r.Died)
			last := w.events[len(w.events)-1]
			if c.message == "" {
				require.Nil(t, r.Failure)
				return
			}
			require.Equal(t, record.Unstable, r.Failure.Code)
			require.Contains(t, r.Failure.Message, c.message)
			require.NotEmpty(t, r.Failure.WorkerID)
			require.NotEmpty(t, r.Losses())
			require.Equal(t, record.EventReloadCompleted, last.Type)
			require.Equal(t, r.Failure, last.Reload.Failure)
			require.Contains(t, last.Message, "unstable: "+r.Failure.Message)
		})
	}
}

func TestAnUnstableReloadHasTheLastWordsOfAWorker(t *testing.T) {
	w := newWorld(1).up()
	r := w.live()
	w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1, Output: []string{"no database"}}})
	w.leave()
	require.Equal(t, []string{"no database"}, r.Failure.Output)
}

func TestAnOlderReloadThatEndsInACrashLoopSaysWhoseThatIs(t *testing.T) {
	w := newWorld(1).up()
	first := w.live()
	w.live()
	w.dies()
	w.leave()
	require.Equal(t, []record.ReloadState{record.ReloadCompleted, record.ReloadCompleted}, []record.ReloadState{first.State, w.last().State})
	require.Contains(t, first.Failure.Message, "the last worker, of generation 3, exited")
	require.Contains(t, w.last().Failure.Message, "the last worker exited")
}

// When the master stops every slot is emptied, which says nothing about a reload that was live.
func TestAReloadIsNotUnstableBecauseTheMasterStops(t *testing.T) {
	w := newWorld(1).up()
	r := w.live()
	w.apply(StopMaster{})
	w.leave()
	require.Equal(t, record.ReloadCompleted, r.State)
	require.Nil(t, r.Failure)

	w = newWorld(1).up()
	r = w.live()
	w.dies()
	w.apply(StopMaster{})
	require.True(t, w.calm())
	require.Equal(t, record.ReloadCompleted, r.State)
	require.Equal(t, record.Unstable, r.Failure.Code, "it was so before")
}

// A reload that begins in a crash loop, with a version that is no better.
func TestAReloadFromOneCrashLoopToTheNextFails(t *testing.T) {
	crashing := func() *world {
		w := newWorld(1).up()
		for range loopAfter {
			w.dies()
			w.apply(RetryDue{Slot: 0})
			w.up()
		}
		w.dies()
		require.True(t, w.pool.slots[0].retrying)
		return w
	}
	w := crashing()
	w.ask()
	w.prepare(nil)
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadFailed, w.last().State, "it dies at once")
	require.Equal(t, record.WorkerFailed, w.last().Failure.Code)

	w = crashing().with(record.Strategy{Soak: 2 * time.Second}).over()
	w.dies()
	require.Equal(t, record.ReloadReverting, w.last().State, "it dies on trial")
	w.apply(Exited{Worker: w.in(record.WorkerStarting)[0].ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadFailed, w.last().State)
	require.True(t, w.last().Failure.Stranded)

	w = crashing().with(record.Strategy{Soak: 2 * time.Second}).over()
	w.wake()
	require.Equal(t, record.ReloadCompleted, w.last().State, "a repair is deployed")
	require.Nil(t, w.last().Failure)
}

func TestAFailureSaysOfWhatKindItIs(t *testing.T) {
	for code, happens := range map[record.FailureCode]func(*world){
		record.PrepareFailed: func(w *world) { w.ask(); w.prepare(errNotThere) },
		record.WorkerFailed:  func(w *world) { w.ask(); w.prepare(nil).apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}}) },
		record.NotReady:      func(w *world) { w.ask(); w.prepare(nil).apply(StartTimedOut{Worker: w.next().ID}) },
		record.CheckFailed: func(w *world) {
			w.under(func(t *Terms) { t.Checks = true })
			w.ready(w.next())
			w.check(record.Result{Message: "not well"})
		},
		record.AbortAsked:  func(w *world) { w.ask(); w.apply(ControlReload{Reload: w.current(), Verb: record.VerbAbort}) },
		record.MasterStops: func(w *world) { w.ask(); w.apply(StopMaster{}) },
	} {
		w := newWorld(2).up()
		happens(w)
		require.Equal(t, code, w.last().Failure.Code, w)
	}
	w := newWorld(1).up().with(record.Strategy{Soak: time.Second}).over()
	w.apply(WentSilent{Worker: w.pool.slots[0].duty.ID, Silence: time.Second})
	require.Equal(t, record.WorkerFailed, w.last().Failure.Code)
}

// lookForPraise fails when the latest fact has completed a reload without an error while a slot is without a
// worker because one died.
func lookForPraise(t *rapid.T, w *world) {
	praised := slices.ContainsFunc(w.effects, func(e Effect) bool {
		told, ok := e.(Publish)
		return ok && told.Event.Type == record.EventReloadCompleted && told.Event.Reload.Failure == nil
	})
	if !praised || w.pool.stopping {
		return
	}
	for _, s := range w.pool.slots {
		served := s.duty != nil && s.duty.State == record.WorkerReady
		require.True(t, served || !w.dead[s.number], "completed without an error, but slot %d is not served: %s", s.number, w)
	}
}
