package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// checkedReload begins a reload whose caller wants a check.
func (w *world) checkedReload() *reload {
	w.apply(AskReload{ID: "checked", Request: record.ReloadRequest{Checks: []record.Check{{Kind: record.CheckTCP}}}})
	w.prepare(nil)
	return w.last()
}

func TestTheGenerationBeforeIsCheckedOnceItServesAgain(t *testing.T) {
	for _, well := range []bool{true, false} {
		w := newWorld(2).up()
		r := w.checkedReload()
		w.over().check(record.Result{Message: "it is broken"})
		require.Equal(t, record.ReloadReverting, r.State)
		require.Empty(t, w.checks, "nobody serves again yet")
		w.ready(w.next())
		require.Equal(t, record.ReloadReverting, r.State)
		require.Len(t, w.checks, 1)
		require.Equal(t, []any{1, true, true}, []any{w.checks[0].Generation, w.checks[0].Back, w.checks[0].Live})
		queued := w.ask()
		require.Equal(t, record.ReloadQueued, queued.State, "the verdict is not complete")
		restored := w.pool.slots[0].duty
		w.check(record.Result{OK: well, Message: "it says 500", Worker: restored.ID})
		require.Equal(t, record.ReloadFailed, r.State)
		require.Equal(t, !well, r.Failure.Unwell)
		require.False(t, r.Failure.Stranded)
		require.Equal(t, 1, r.ChecksFailed, "of the new generation")
		if well {
			require.Equal(t, "it is broken", r.Failure.Message)
		} else {
			require.Equal(t, "it is broken; generation 1, which serves again, does not pass the checks either: it says 500", r.Failure.Message)
		}
		require.True(t, w.calm())
		require.Equal(t, record.ReloadCompleted, queued.State)
	}
}

func TestAnAbortedReloadsGenerationBeforeIsCheckedToo(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.over()
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbAbort, Reason: "too late"})
	w.ready(w.next())
	w.checkRuns()
	w.check(record.Result{Message: "it says 500"})
	require.Equal(t, record.ReloadAborted, r.State)
	require.True(t, r.Failure.Unwell)
}

func TestWhoServedAllTheTimeIsNotCheckedAgain(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadFailed, r.State)
	require.Empty(t, w.checks)

	w = newWorld(2).up()
	r = w.live0() // without checks
	w.ready(w.next())
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	w.ready(w.next())
	require.Equal(t, record.ReloadFailed, r.State)
}

// The answer of a round that was under way when the reload failed is nobody's any more.
func TestALateAnswerOfTheNewGenerationIsNotTakenForTheOneBefore(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.over()
	late := w.checks[0]
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbAbort})
	w.ready(w.next())
	w.apply(Checked{Reload: late.Reload, Batches: late.Batches, Result: record.Result{OK: true}})
	require.Equal(t, record.ReloadReverting, r.State)
}

func TestAMasterThatStopsDoesNotWaitForTheGenerationBefore(t *testing.T) {
	w := newWorld(2).up()
	r := w.checkedReload()
	w.over().check(record.Result{Message: "it is broken"})
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
	first := w.pool.slots[0].duty.ID
	w.check(record.Result{OK: true, Of: 1, Missed: []string{first}})
	require.Equal(t, record.Coverage{Of: 1, Missed: []record.Missed{{WorkerID: first, Slot: 0}}}, r.Coverage)
	w.over()
	second := w.pool.slots[1].duty.ID
	w.check(record.Result{OK: true, Of: 2, Missed: []string{second}})
	require.Equal(t, record.Coverage{Of: 2, Missed: []record.Missed{{WorkerID: second, Slot: 1}}}, r.Coverage)
	w.apply(Awake{Reload: r.ID, Why: checkDue, Count: w.pool.rotating.checks.begun})
	require.True(t, w.checks[0].Again)
	w.check(record.Result{OK: true, Of: 2, Missed: []string{first}})
	n, known := r.Coverage.Reached()
	require.True(t, known)
	require.Equal(t, 2, n, "each was reached once")
	require.Equal(t, "; no connection of the checks has reached the workers of slots 3, 5", record.Coverage{Missed: []record.Missed{{WorkerID: "a", Slot: 3}, {WorkerID: "b", Slot: 5}}}.Unreached())
}
