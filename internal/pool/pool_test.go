package pool

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// dies ends the worker on duty in slot 0.
func (w *world) dies() {
	w.apply(Exited{Worker: w.pool.slots[0].duty.ID, Exit: record.Exit{Code: 1}})
}

// live brings a reload to every slot; the older workers drain.
func (w *world) live() *reload {
	r := w.ask()
	w.prepare(nil)
	for w.next() != nil {
		w.ready(w.next())
	}
	return r
}

// leave lets every draining worker go.
func (w *world) leave() {
	for _, m := range w.in(record.WorkerDraining) {
		w.apply(Exited{Worker: m.ID})
	}
}

func TestAWorkerThatLivedForLongIsReplacedAtOnce(t *testing.T) {
	w := newWorld(1).up()
	slot := w.pool.slots[0]
	w.dies()
	require.NotNil(t, slot.duty, "the first death is made good at once")
	w.dies()
	require.Nil(t, slot.duty)
	require.Contains(t, w.effects, Retry{Slot: 0, Deaths: 1})
	w.apply(RetryDue{Slot: 0})
	w.up()
	w.now = w.now.Add(stableAfter - time.Second)
	w.dies()
	require.Nil(t, slot.duty, "that was not long")
	require.Equal(t, 3, slot.deaths)
	require.Contains(t, w.effects, Retry{Slot: 0, Deaths: 2})

	w.apply(RetryDue{Slot: 0})
	w.up()
	w.now = w.now.Add(stableAfter)
	w.dies()
	require.NotNil(t, slot.duty, "as if it were the first")
	require.False(t, slot.retrying)
	require.Equal(t, 1, slot.deaths)
	w.up().dies()
	require.Contains(t, w.effects, Retry{Slot: 0, Deaths: 1}, "the delays begin anew")
}

func TestConnectionsAreCountedOnceEachDrainingWorkerHasBeen(t *testing.T) {
	w := newWorld(2).up()
	r := w.live()
	require.Equal(t, record.ReloadLive, r.State)
	require.Equal(t, 2, r.Draining)
	require.False(t, r.ConnectionsCounted, "nobody has counted yet")
	old := w.in(record.WorkerDraining)
	w.apply(Counted{Connections: map[string]int{old[0].ID: 5}})
	require.False(t, r.ConnectionsCounted, "one was missed")
	w.apply(Counted{Connections: map[string]int{old[0].ID: 4, old[1].ID: 3}})
	require.True(t, r.ConnectionsCounted)
	require.Equal(t, 7, r.ConnectionsRemaining)
}

func TestTheHistoryOfReloadsIsBoundedButForThoseThatLive(t *testing.T) {
	t.Parallel()
	const many = keepReloads + 50
	w := newWorld(1).up()
	first := w.live()
	w.leave()
	for range many {
		w.live()
		w.leave()
		require.LessOrEqual(t, len(w.pool.reloads), keepReloads)
	}
	require.Len(t, w.pool.reloads, keepReloads)
	require.Nil(t, w.pool.Reload(first.ID), "the oldest goes first")
	require.Same(t, w.last().kept(), w.pool.Reload(fmt.Sprintf("r%d", w.pool.generation)))

	var living []*reload
	for range many {
		living = append(living, w.live()) // none of the older workers leaves
	}
	for _, r := range living {
		require.Equal(t, record.ReloadLive, r.State)
		require.Same(t, r.kept(), w.pool.Reload(r.ID))
	}
	w.leave()
	w.ask()
	require.Len(t, w.pool.reloads, keepReloads)
}

func TestTheHistoryOfWorkersIsBounded(t *testing.T) {
	w := newWorld(1).up()
	var died []string
	for range keepExited + 100 {
		died = append(died, w.pool.slots[0].duty.ID)
		w.dies()
		w.apply(RetryDue{Slot: 0})
		require.LessOrEqual(t, len(w.pool.gone), keepExited)
	}
	for i, id := range died {
		_, found := w.pool.Worker(id)
		require.Equal(t, i >= 100, found, "death %d", i)
	}
	require.Len(t, w.pool.workers, 1)
}

func TestTotals(t *testing.T) {
	w := newWorld(2).up()
	want := record.Totals{WorkersStarted: 2}
	require.Equal(t, want, w.pool.totals)

	w.dies()
	w.up()
	want.WorkersStarted, want.WorkersDied = 3, 1
	require.Equal(t, want, w.pool.totals)

	w.live()
	want.WorkersStarted = 5
	require.Equal(t, want, w.pool.totals, "it is not completed while older ones drain")
	w.leave()
	want.ReloadsCompleted = 1
	require.Equal(t, want, w.pool.totals, "who leaves because it was told to has not died")

	w.ask()
	w.prepare(errNotThere)
	want.ReloadsFailed = 1
	require.Equal(t, want, w.pool.totals)

	w.ask()
	w.prepare(nil)
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 3}})
	want.WorkersStarted, want.WorkersDied, want.ReloadsFailed = 6, 2, 2
	require.Equal(t, want, w.pool.totals)

	w.ask()
	w.ask()
	w.apply(StopMaster{})
	w.leave()
	want.ReloadsAborted = 2
	require.Equal(t, want, w.pool.totals)
	require.True(t, w.finished)
}

func TestRestartsCountTheDeathsOfASlotSinceItWasChanged(t *testing.T) {
	w := newWorld(2).up()
	for n := range 3 {
		require.Equal(t, n, w.pool.slots[0].duty.Restarts)
		w.dies()
		w.apply(RetryDue{Slot: 0})
		w.up()
	}
	require.Equal(t, 3, w.pool.slots[0].duty.Restarts)
	require.Zero(t, w.pool.slots[1].duty.Restarts)
	w.live()
	w.dies()
	require.Equal(t, 1, w.pool.slots[0].duty.Restarts)
}

func TestSlotsThatAReloadTakesAwayAreNotAmongThoseToChange(t *testing.T) {
	w := newWorld(3).up()
	r := w.ask()
	smaller := w.terms()
	smaller.Workers = 1
	w.preparing = nil
	w.apply(Prepared{Generation: r.Generation, Terms: smaller})
	require.Equal(t, 1, r.Total)
	w.ready(w.next())
	require.Equal(t, record.ReloadLive, r.State)
	require.Equal(t, []int{1, 1, 3}, []int{r.Replaced, r.Total, r.Draining})
}
