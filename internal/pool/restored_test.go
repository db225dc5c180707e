package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// checkedReload begins a reload whose caller wants a check.
func (w *world) checkedReload() *reload {
	w.apply(AskReload{ID: "checked", Request: ReloadRequest{Checks: []Check{{Kind: CheckTCP}}}})
	w.prepare(nil)
	return w.last()
}

func TestTheGenerationBeforeIsCheckedOnceItServesAgain(t *testing.T) {
	for _, well := range []bool{true, false} {
		w := newWorld(2).up()
		r := w.checkedReload()
		w.over().check(Result{Message: "it is broken"})
		require.Equal(t, ReloadReverting, r.State)
		require.Empty(t, w.checks, "nobody serves again yet")
		w.ready(w.next())
		require.Equal(t, ReloadReverting, r.State)
		require.Len(t, w.checks, 1)
		require.Equal(t, []any{1, true, true}, []any{w.checks[0].Generation, w.checks[0].Back, w.checks[0].Live})
		queued := w.ask()
		require.Equal(t, ReloadQueued, queued.State, "the verdict is not complete")
		restored := w.pool.Slots[0].duty
		w.check(Result{OK: well, Message: "it says 500", Worker: restored.ID})
		require.Equal(t, ReloadFailed, r.State)
		require.Equal(t, !well, r.Failure.Unwell)
		require.False(t, r.Failure.Stranded)
		require.Equal(t, 1, r.ChecksFailed, "of the new generation")
		if well {
			require.Equal(t, "it is broken", r.Failure.Message)
		} else {
			require.Equal(t, "it is broken; generation 1, which serves again, does not pass the checks either: it says 500", r.Failure.Message)
		}
		require.True(t, w.calm())
		require.Equal(t, ReloadCompleted, queued.State)
	}
}

func TestAnAbortedReloadsGenerationBeforeIsCheckedToo(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.over()
	w.apply(ControlReload{Reload: r.ID, Verb: VerbAbort, Reason: "too late"})
	w.ready(w.next())
	w.checkRuns()
	w.check(Result{Message: "it says 500"})
	require.Equal(t, ReloadAborted, r.State)
	require.True(t, r.Failure.Unwell)
}

func TestWhoServedAllTheTimeIsNotCheckedAgain(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.apply(Exited{Worker: w.next().ID, Exit: Exit{Code: 1}})
	require.Equal(t, ReloadFailed, r.State)
	require.Empty(t, w.checks)

	w = newWorld(2).up()
	r = w.live0() // without checks
	w.ready(w.next())
	w.apply(Exited{Worker: w.next().ID, Exit: Exit{Code: 1}})
	w.ready(w.next())
	require.Equal(t, ReloadFailed, r.State)
}

// The answer of a round that was under way when the reload failed is nobody's any more.
func TestALateAnswerOfTheNewGenerationIsNotTakenForTheOneBefore(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.over()
	late := w.checks[0]
	w.apply(ControlReload{Reload: r.ID, Verb: VerbAbort})
	w.ready(w.next())
	w.apply(Checked{Reload: late.Reload, Batches: late.Batches, Result: Result{OK: true}})
	require.Equal(t, ReloadReverting, r.State)
}

func TestAMasterThatStopsDoesNotWaitForTheGenerationBefore(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.over().check(Result{Message: "it is broken"})
	w.ready(w.next())
	w.apply(StopMaster{})
	require.True(t, r.State.Terminal())
	require.True(t, w.calm())
	require.True(t, w.finished)
}

func TestWhomTheChecksHaveReached(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Checks, terms.Strategy.Soak = true, time.Minute })
	_, known := r.Coverage.Reached()
	require.False(t, known, "nobody was asked yet")
	w.over()
	first := w.pool.Slots[0].duty.ID
	w.check(Result{OK: true, Of: 1, Missed: []string{first}})
	require.Equal(t, Coverage{Of: 1, Missed: []Missed{{first, 0}}}, r.Coverage)
	w.over()
	second := w.pool.Slots[1].duty.ID
	w.check(Result{OK: true, Of: 2, Missed: []string{second}})
	require.Equal(t, Coverage{Of: 2, Missed: []Missed{{second, 1}}}, r.Coverage)
	w.apply(Awake{Reload: r.ID, Why: checkDue, Count: w.pool.rotating.checks.begun})
	require.True(t, w.checks[0].Again)
	w.check(Result{OK: true, Of: 2, Missed: []string{first}})
	n, known := r.Coverage.Reached()
	require.True(t, known)
	require.Equal(t, 2, n, "each was reached once")
	require.Equal(t, "; no connection of the checks has reached the workers of slots 3, 5", unreached(Coverage{Missed: []Missed{{"a", 3}, {"b", 5}}}))
}
