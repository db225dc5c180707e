package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// What happens between the start of a reload and its verdict.

// ask with terms of its own.
func (w *world) under(change func(*Terms)) *reload {
	r := w.ask()
	f := takePrepared(w, nil)
	change(&f.Terms)
	w.apply(f)
	return r
}

// generations are those of the workers on duty, by slot.
func (w *world) generations() (list []int) {
	for _, s := range w.pool.slots {
		if s.duty != nil {
			list = append(list, s.duty.Generation)
		}
	}
	return list
}

func (w *world) woken(why wakeReason) {
	for _, e := range w.wakes {
		if e.Why == why {
			w.apply(Awake{Reload: e.Reload, Why: why, Count: e.Count})
			return
		}
	}
	panic("nothing is to wake it")
}

func TestABatchTakesOverWhenAllOfItIsReady(t *testing.T) {
	w := newWorld(4).up()
	r := w.under(func(terms *Terms) { terms.Strategy.Surge = record.Surge{Percent: 100} })
	require.Len(t, w.in(record.WorkerStarting), 4)
	for range 3 {
		w.ready(w.next())
		require.Equal(t, []int{1, 1, 1, 1}, w.generations())
		require.Empty(t, w.in(record.WorkerDraining))
	}
	w.ready(w.next())
	require.Equal(t, []int{2, 2, 2, 2}, w.generations())
	require.Len(t, w.in(record.WorkerDraining), 4)
	require.Equal(t, record.ReloadLive, r.State)
}

func TestAFailureInABatchLeavesTheOthersOfItUntouched(t *testing.T) {
	w := newWorld(4).up()
	before := w.in(record.WorkerReady)
	r := w.under(func(terms *Terms) { terms.Strategy.Surge = record.Surge{Number: 3} })
	w.ready(w.next())
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadFailed, r.State)
	require.Equal(t, before, w.in(record.WorkerReady), "the same workers, and no others, serve")
}

func TestALiveReloadIsTakenBackWhileItIsOnTrial(t *testing.T) {
	for name, strike := range map[string]func(w *world){
		"a worker exits":               func(w *world) { w.apply(Exited{Worker: w.pool.slots[2].duty.ID, Exit: record.Exit{Code: 7}}) },
		"a worker misses its watchdog": func(w *world) { w.apply(WentSilent{Worker: w.pool.slots[2].duty.ID}) },
		"somebody aborts it":           func(w *world) { w.apply(ControlReload{Reload: w.last().ID, Verb: record.VerbAbort, Reason: "slow"}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(3).up()
			r := w.under(func(terms *Terms) { terms.Strategy.Soak = time.Minute })
			w.over()
			require.Equal(t, record.ReloadLive, r.State)
			require.True(t, w.pool.rotates(r))
			require.Equal(t, w.now.Add(time.Minute), r.TrialEndsAt)
			seen := w.pool.copyOf(r)
			require.False(t, seen.Reached(record.ReloadLive), "not for good")
			w.leave() // the old ones are gone, and must be started again from what was kept
			require.Equal(t, record.ReloadLive, r.State)
			require.Contains(t, w.pool.terms, 1)

			strike(w)
			require.Equal(t, record.ReloadReverting, r.State)
			for r.State == record.ReloadReverting {
				require.GreaterOrEqual(t, w.servingSlots(), 2)
				w.ready(w.in(record.WorkerStarting)[0])
			}
			require.Equal(t, []int{1, 1, 1}, w.generations())
			require.Equal(t, 1, w.pool.generation)
			want := record.ReloadFailed
			if name == "somebody aborts it" {
				want = record.ReloadAborted
				require.Equal(t, "slow", r.Failure.Message)
			}
			require.Equal(t, want, r.State)
			require.False(t, w.pool.rotates(r))
			require.NotContains(t, w.pool.terms, r.Generation)
		})
	}
}

func TestASoakThatPassesIsTheVerdict(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Strategy.Soak = time.Minute })
	w.over().leave()
	queued := w.ask()
	require.Equal(t, record.ReloadQueued, queued.State, "the next one waits for the verdict")
	w.woken(soakOver)
	require.Equal(t, record.ReloadCompleted, r.State)
	require.NotContains(t, w.pool.terms, 1)
	require.Equal(t, record.ReloadRolling, queued.State)
}

func TestAWorkerThatDiesAfterTheVerdictIsReplacedAndNothingElse(t *testing.T) {
	w := newWorld(2).up()
	r := w.live()
	w.dies()
	require.Equal(t, record.ReloadLive, r.State)
	require.Equal(t, 1, r.Died, "but it is told")
	require.NotEmpty(t, r.Losses())
}

func TestTheCanaryIsPromoted(t *testing.T) {
	w := newWorld(4).up()
	r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Canary: 1, Surge: record.Surge{Number: 4}} })
	w.over()
	require.Equal(t, []int{2, 1, 1, 1}, w.generations())
	require.Equal(t, record.PausedCanary, r.Paused.Why)
	require.Zero(t, r.Paused.Until)
	require.NoError(t, w.pool.forbids(r, record.VerbPromote))
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
	require.Nil(t, r.Paused)
	require.Len(t, w.in(record.WorkerStarting), 3, "the rest goes in one batch")
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
	w.over()
	require.Equal(t, record.ReloadLive, r.State)
}

func TestTheCanaryThatDiesWhileItWaitsIsTakenBack(t *testing.T) {
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Canary: 2} })
	w.over()
	w.dies()
	require.True(t, w.calm())
	require.Equal(t, record.ReloadFailed, r.State)
	require.Equal(t, []int{1, 1, 1}, w.generations())
}

func TestACanaryThatLeavesNobodyIsRefused(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Canary: 2} })
	require.Equal(t, record.ReloadFailed, r.State)
	require.Contains(t, r.Failure.Message, "at most 1")
	require.Equal(t, 2, w.totalStarted())
}

func (w *world) totalStarted() int { return w.pool.totals.WorkersStarted }

func TestAReloadIsPausedAndResumed(t *testing.T) {
	w := newWorld(3).up()
	r := w.live0()
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause})
	require.Equal(t, record.PausedAsked, r.Paused.Why)
	w.over()
	require.Equal(t, []int{2, 1, 1}, w.generations(), "the batch that was under way ends")
	require.Empty(t, w.in(record.WorkerStarting))
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbResume})
	require.Nil(t, r.Paused)
	w.over()
	require.Equal(t, record.ReloadLive, r.State)
}

// live0 begins a reload.
func (w *world) live0() *reload { return w.under(func(*Terms) {}) }

func TestThePauseBetweenIsBetween(t *testing.T) {
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) { terms.Strategy.PauseBetween = time.Second })
	for n := range 2 {
		w.over()
		require.Equal(t, n+1, r.Replaced)
		require.Equal(t, w.now.Add(time.Second), r.Paused.Until)
		w.woken(pauseOver)
		w.wakes = nil
	}
	w.over()
	require.Equal(t, record.ReloadLive, r.State, "there is none after the last")
}

func TestChecksAreGates(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Checks = true })
	require.Empty(t, w.checks, "there is nobody to check")
	w.over()
	require.Equal(t, []int{2, 1}, w.generations(), "the first is checked before the second is touched")
	require.Len(t, w.checks, 1)
	require.False(t, w.checks[0].Live)
	require.False(t, w.checks[0].Commands, "an older one might answer a command")
	w.check(record.Result{OK: true, Passed: 2})
	w.over()
	require.Equal(t, record.ReloadLive, r.State)
	require.True(t, w.pool.rotates(r), "until those that are live were checked")
	require.True(t, w.checks[0].Live)
	require.True(t, w.checks[0].Commands)
	w.check(record.Result{OK: true, Passed: 2})
	require.False(t, w.pool.rotates(r))
	require.Equal(t, 4, r.ChecksPassed)
}

func TestACheckThatFailsTakesTheReloadBack(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Checks = true })
	w.over()
	w.check(record.Result{OK: true})
	w.over()
	bad := w.pool.slots[1].duty
	w.check(record.Result{Check: "http:/", Message: "check http:/ was answered with 500", Worker: bad.ID, Output: []string{"no database"}})
	require.Equal(t, record.ReloadReverting, r.State)
	require.Equal(t, []string{bad.ID, "no database"}, []string{r.Failure.WorkerID, r.Failure.Output[0]})
	require.True(t, w.calm())
	require.Equal(t, record.ReloadFailed, r.State)
	require.Equal(t, []int{1, 1}, w.generations())
	require.Equal(t, 1, r.ChecksFailed)
}

func TestChecksGoOnForAsLongAsTheTrial(t *testing.T) {
	w := newWorld(1).up()
	r := w.under(func(terms *Terms) { terms.Checks, terms.Strategy.Soak = true, time.Minute })
	w.over().leave()
	for range 3 {
		require.Len(t, w.checks, 1)
		w.check(record.Result{OK: true})
		require.Empty(t, w.checks, "not at once")
		w.woken(checkDue)
		w.wakes = w.wakes[:1]
	}
	w.woken(soakOver)
	require.True(t, w.pool.rotates(r), "a round is under way")
	w.check(record.Result{OK: true})
	require.False(t, w.pool.rotates(r))
	require.Equal(t, record.ReloadCompleted, r.State)
}

// Its answer may have come in time, and only be read late.
func TestARoundThatIsUnderWayIsHeardBeforeTheTimeIsOver(t *testing.T) {
	w := newWorld(1).up()
	r := w.under(func(terms *Terms) { terms.Checks, terms.Strategy.Soak = true, time.Minute })
	w.over().check(record.Result{OK: true})
	w.woken(checkDue)
	w.woken(soakOver)
	w.check(record.Result{Message: "not well"})
	require.Equal(t, record.ReloadReverting, r.State)

	w = newWorld(3).up()
	r = w.under(func(terms *Terms) {
		terms.Checks, terms.Strategy = true, record.Strategy{Canary: 1, CanarySoak: time.Minute}
	})
	w.over().check(record.Result{OK: true})
	w.woken(checkDue)
	w.woken(canaryOver)
	require.Nil(t, w.next(), "the next batch waits for it, too")
	w.check(record.Result{Message: "not well"})
	require.Equal(t, record.ReloadReverting, r.State)
}

func TestARevertThatFailsLeavesWhatServesAndSaysSo(t *testing.T) {
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) { terms.Strategy.Soak = time.Minute })
	w.over().leave()
	w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1}})
	for len(w.in(record.WorkerStarting)) > 0 && r.State == record.ReloadReverting {
		w.apply(Exited{Worker: w.in(record.WorkerStarting)[0].ID, Exit: record.Exit{Code: 2}})
	}
	require.Equal(t, record.ReloadFailed, r.State)
	require.Contains(t, r.Failure.Message, "going back failed too")
	require.Contains(t, r.Failure.Message, "generation 2 still serves slot 1, 2")
	require.Equal(t, 2, w.pool.generation, "it has most of the slots, and starts")
	require.True(t, w.calm())
	require.Equal(t, []int{2, 2, 2}, w.generations())
	next := w.live()
	require.True(t, w.calm())
	require.Equal(t, record.ReloadCompleted, next.State)
}

func TestAPoolThatALiveReloadChangedInSizeGetsItBack(t *testing.T) {
	for _, size := range []int{1, 5} {
		w := newWorld(3).up()
		r := w.under(func(terms *Terms) { terms.Workers, terms.Strategy.Soak = size, time.Minute })
		w.over()
		require.Len(t, w.pool.slots, size)
		require.True(t, w.pool.resizing(), "nobody else may change it until the verdict")
		w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1}})
		require.Equal(t, record.ReloadReverting, r.State)
		require.True(t, w.calm())
		require.Equal(t, record.ReloadFailed, r.State)
		require.Equal(t, []int{1, 1, 1}, w.generations())
	}
}

func TestWhatAReloadsStateForbids(t *testing.T) {
	w := newWorld(2).up()
	r := w.ask()
	queued := w.ask()
	require.NoError(t, w.pool.forbids(r, record.VerbAbort))
	require.NoError(t, w.pool.forbids(r, record.VerbPause))
	require.ErrorContains(t, w.pool.forbids(r, record.VerbPromote), "only just begun")
	require.ErrorContains(t, w.pool.forbids(queued, record.VerbPause), "not begun")
	w.prepare(nil)
	require.ErrorContains(t, w.pool.forbids(r, record.VerbPromote), "no canary")
	w.apply(ControlReload{Reload: queued.ID, Verb: record.VerbAbort})
	require.Equal(t, record.ReloadAborted, queued.State)
	require.NoError(t, w.pool.forbids(queued, record.VerbAbort), "it is so already")
	require.ErrorContains(t, w.pool.forbids(queued, record.VerbResume), "aborted")
	w.over()
	require.ErrorContains(t, w.pool.forbids(r, record.VerbAbort), "no longer on trial")
	w.leave()
	require.ErrorContains(t, w.pool.forbids(r, record.VerbAbort), "completed")

	r = w.under(func(*Terms) {})
	w.ready(w.next())
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbAbort})
	require.Equal(t, record.ReloadReverting, r.State)
	require.NoError(t, w.pool.forbids(r, record.VerbAbort), "it is being done")
	require.ErrorContains(t, w.pool.forbids(r, record.VerbResume), "going back already")
}

func TestAReloadThatIsAbortedBeforeItsPlanIsMade(t *testing.T) {
	w := newWorld(2).up()
	r := w.ask()
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbAbort})
	require.Equal(t, record.ReloadAborted, r.State)
	w.prepare(nil)
	require.Equal(t, record.ReloadAborted, r.State)
	require.Equal(t, 2, w.totalStarted())
	require.True(t, w.calm())
	require.Equal(t, record.ReloadCompleted, w.finish(w.ask()).State)
}

func (w *world) finish(r *reload) *reload { w.calm(); return r }

func TestAWorkerIsRenewedByAnotherOfItsGeneration(t *testing.T) {
	w := newWorld(2).up()
	old := w.pool.slots[0].duty
	w.apply(RenewWorker{Worker: old.ID})
	next := w.next()
	w.apply(RenewWorker{Worker: old.ID})
	require.Equal(t, []*member{next}, w.in(record.WorkerStarting), "once")
	require.ErrorContains(t, w.pool.forbidsRenewal(next), "replace another")
	queued := w.ask()
	require.Equal(t, record.ReloadQueued, queued.State, "a reload waits until that is done")
	w.ready(next)
	require.Equal(t, record.WorkerDraining, old.State)
	require.ErrorContains(t, w.pool.forbidsRenewal(old), "drains already")
	require.Same(t, next, w.pool.slots[0].duty)
	require.Equal(t, 1, next.Generation)
	require.Equal(t, record.ReloadRolling, queued.State)
	require.ErrorContains(t, w.pool.forbidsRenewal(next), queued.ID)
}

func TestARenewalThatFailsLeavesTheOldWorker(t *testing.T) {
	w := newWorld(2).up()
	old := w.pool.slots[0].duty
	w.apply(RenewWorker{Worker: old.ID})
	w.apply(StartTimedOut{Worker: w.next().ID})
	require.Same(t, old, w.pool.slots[0].duty)
	require.Equal(t, record.WorkerReady, old.State)
	require.False(t, w.pool.renewing())
	require.Zero(t, w.pool.slots[0].deaths)
}

func TestTheOldestGenerationsThatDrainAreCut(t *testing.T) {
	w := newWorld(2).up()
	var first []*member
	for n := range 4 {
		r := w.under(func(terms *Terms) { terms.MaxDraining = 2 })
		if n == 0 {
			first = w.in(record.WorkerReady)
		}
		w.over()
		require.Equal(t, record.ReloadLive, r.State)
	}
	killed := 0
	for _, r := range w.pool.reloads[:2] {
		for _, s := range r.Steps {
			if s.Action == "killed" {
				require.Contains(t, s.Message, "more than 2 generations")
				killed++
			}
		}
	}
	require.Equal(t, 4, killed, "two generations of two")
	for _, m := range first {
		require.Contains(t, []bool{true}, m.killed)
	}
	for _, m := range w.in(record.WorkerDraining) {
		require.Equal(t, m.Generation <= 2, m.killed, "%+v", m)
	}
}

func TestACallerThatAsksAgainGetsTheSameReload(t *testing.T) {
	w := newWorld(1).up()
	request := record.ReloadRequest{Key: "deploy-1", Revision: "v1", StrategyRequest: record.StrategyRequest{Soak: new(time.Second)}}
	w.apply(AskReload{ID: "r", Request: request})
	again := request
	again.Soak = new(time.Second)
	again.IfGeneration = []int{7} // which may be another by now, because of the reload itself
	known, err := w.pool.asked(again, w.now)
	require.NoError(t, err)
	require.Same(t, w.last(), known)
	again.Revision = "v2"
	_, err = w.pool.asked(again, w.now)
	require.ErrorIs(t, err, record.ErrKeyReused)
	other, err := w.pool.asked(record.ReloadRequest{}, w.now)
	require.NoError(t, err)
	require.Nil(t, other)
	for range keepReloads + 1 {
		w.calm()
		w.ask()
	}
	require.Same(t, known.kept(), w.pool.Reload(known.ID), "also when the history has forgotten it")
	gone, err := w.pool.asked(request, w.now.Add(keepKeys))
	require.NoError(t, err)
	require.Nil(t, gone)
	for n := range mostKeys + 10 {
		w.apply(AskReload{ID: freshID(), Request: record.ReloadRequest{Key: itoa(n)}})
	}
	require.Len(t, w.pool.keys, mostKeys)
}

func TestAReloadFromACertainGenerationOnly(t *testing.T) {
	w := newWorld(1).up()
	require.True(t, w.pool.undisturbed([]int{7, 1}))
	require.False(t, w.pool.undisturbed([]int{2}))
	w.ask()
	require.False(t, w.pool.undisturbed([]int{1}), "it is about to change")
	w.prepare(errNotThere)
	require.True(t, w.pool.undisturbed([]int{1}), "nothing came of it")
}

func TestSurge(t *testing.T) {
	for text, want := range map[string][2]int{"1": {10, 1}, "3": {10, 3}, "30": {10, 10}, "25%": {10, 3}, "1%": {10, 1}, "100%": {10, 10}, "50%": {1, 1}} {
		s, err := record.ParseSurge(text)
		require.NoError(t, err, text)
		require.Equal(t, want[1], s.Of(want[0]), text)
		require.Equal(t, text, s.String())
	}
	for _, text := range []string{"", "0", "-1", "+1", "1.5", "%", "0%", "101%", "1025", "many"} {
		_, err := record.ParseSurge(text)
		require.Error(t, err, text)
	}
	require.Equal(t, 1, record.Surge{}.Of(8))
}

func TestWhoIsScaledAwayIsNoAffairOfTheReloadThatStartedIt(t *testing.T) {
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) { terms.Strategy.Surge = record.Surge{Number: 3} })
	scaled := w.pool.slots[2].next
	w.apply(ScaleBy{Delta: -1})
	require.Equal(t, record.WorkerDraining, scaled.State)
	w.over()
	for _, m := range w.in(record.WorkerDraining) {
		if m != scaled {
			w.apply(Exited{Worker: m.ID})
		}
	}
	require.Equal(t, record.ReloadCompleted, r.State)
	before := r.Clone()
	w.apply(Exited{Worker: scaled.ID, Exit: record.Exit{Cut: 3, Killed: true}})
	require.Equal(t, before, r.Clone(), "it has said already that nothing was lost")
}

// What it has taken back still has connections, which may be lost after its end.
func TestWhoHasEndedKnowsWhoStillLeavesBecauseOfIt(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(*Terms) {})
	w.ready(w.next())
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	w.ready(w.next())
	require.Equal(t, record.ReloadFailed, r.State)
	require.Equal(t, 2, r.Leaving, "the new worker of slot 0, and the one that it replaced")
	require.Equal(t, 1, r.Draining, "of those the older one")
	w.leave()
	require.Zero(t, r.Leaving)
	require.Zero(t, r.Draining)

	r = w.live()
	require.Zero(t, r.Leaving, "it has not ended")
	w.leave()
	require.Equal(t, record.ReloadCompleted, r.State)
	require.Zero(t, r.Leaving)
}

func TestAReloadOnTrialThatEndsWithTheMasterIsOnTrialNoMore(t *testing.T) {
	w := newWorld(1).up()
	r := w.under(func(terms *Terms) { terms.Strategy.Soak = time.Minute })
	w.over()
	require.NotZero(t, r.TrialEndsAt)
	w.apply(StopMaster{})
	require.Equal(t, record.ReloadAborted, r.State)
	require.Zero(t, r.TrialEndsAt)
}

func TestTheVerdictWaitsForTheSearchForAProof(t *testing.T) {
	w := newWorld(1).up()
	r := w.under(func(terms *Terms) { terms.Provable = true })
	w.over()
	require.Contains(t, w.did(), "prove "+r.ID)
	require.Equal(t, record.ReloadLive, r.State)
	require.True(t, w.pool.rotates(r))
	w.leave()
	require.Equal(t, record.ReloadLive, r.State)
	w.apply(Proved{Reload: "another"})
	require.True(t, w.pool.rotates(r))
	w.apply(Proved{Reload: r.ID})
	require.Equal(t, record.ReloadCompleted, r.State)
	require.False(t, w.pool.rotates(r))

	r = w.under(func(terms *Terms) { terms.Provable = true })
	w.over()
	w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadReverting, r.State)
	w.apply(Proved{Reload: r.ID})
	require.True(t, w.calm())
	require.Equal(t, record.ReloadFailed, r.State)
}
