package master

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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

func TestWhatAWorkerHadIsUnknownIfItWasNotCountedInTime(t *testing.T) {
	w := newWorld(1).up()
	old := w.in(WorkerReady)[0]
	r := w.live()
	w.apply(holds{worker: old.ID, unknown: true})
	w.apply(counted{connections: map[string]int{old.ID: 0}})
	w.apply(exited{worker: old.ID})
	require.True(t, r.DrainedUnknown, "some may have left before it was counted")
}

func TestAnEvictionIsCountedForTheReloadThatDrainsTheWorker(t *testing.T) {
	w := newWorld(1).up()
	first := w.in(WorkerReady)[0]
	w.apply(evicted{worker: first.ID, n: 5})
	r := w.ask()
	w.prepare(nil)
	w.ready(w.next())
	require.Equal(t, ReloadLive, r.State)
	require.Zero(t, r.Evicted, "it did not drain yet")
	w.apply(evicted{worker: first.ID, n: 3})
	w.apply(evicted{worker: first.ID, n: -1})
	require.Equal(t, 2, r.Evicted)
	w.apply(evicted{worker: first.ID, n: -5})
	require.Zero(t, r.Evicted, "what was counted before is not taken back after")
	w.apply(evicted{worker: first.ID, n: 4})
	w.apply(exited{worker: first.ID})
	w.apply(evicted{worker: first.ID, n: 1})
	require.Equal(t, ReloadCompleted, r.State)
	require.Equal(t, 4, r.Evicted)
}

func TestAnEvictionFromAWorkerThatLeavesForAnotherReasonIsNoReloads(t *testing.T) {
	w := newWorld(2).up()
	w.apply(scaleBy{delta: -1})
	w.apply(evicted{worker: w.in(WorkerDraining)[0].ID, n: 1})
	require.Empty(t, w.pool.reloads)
}
