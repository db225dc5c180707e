package pool

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// ends lets the one worker of a world drain with so many connections and end as it does.
func ends(counts []int, evictions int, exit record.Exit) *reload {
	w := newWorld(1).up()
	old := w.in(record.WorkerReady)[0]
	r := w.ask()
	w.prepare(nil)
	w.ready(w.next())
	for _, n := range counts {
		some := make([]record.CutConnection, min(n, record.MostCut))
		w.apply(Counted{Connections: map[string]int{old.ID: n}, Some: map[string][]record.CutConnection{old.ID: some}})
	}
	w.apply(Evicted{Worker: old.ID, N: evictions})
	w.apply(Exited{Worker: old.ID, Exit: exit})
	return r
}

func TestWhatBecameOfTheConnections(t *testing.T) {
	for _, c := range []struct {
		name                     string
		counts                   []int
		evicted                  int
		exit                     record.Exit
		drained, cut, drop, told int
	}{
		{"it drained", []int{5, 7, 2}, 0, record.Exit{}, 7, 0, 0, 0},
		{"two were evicted", []int{5}, 2, record.Exit{}, 3, 0, 0, 0},
		{"nobody counted", nil, 0, record.Exit{}, 0, 0, 0, 0},
		{"it was killed", []int{5, 3}, 0, record.Exit{Code: -1, Signal: "SIGKILL", Killed: true, Cut: 3, CutConnections: make([]record.CutConnection, 3)}, 2, 3, 0, 3},
		{"it was killed, who knows with how many", []int{5}, 0, record.Exit{Code: -1, Signal: "SIGKILL", Killed: true, CutUnknown: true}, 0, 0, 0, 0},
		{"it crashed", []int{5, 3}, 1, record.Exit{Code: -1, Signal: "SIGSEGV"}, 2, 0, 2, 3},
		{"it failed", []int{500}, 0, record.Exit{Code: 1}, 0, 0, 500, record.MostCut},
		{"it failed with nobody there", []int{4, 0}, 0, record.Exit{Code: 1}, 4, 0, 0, 0},
		{"its wrapper was ended", []int{4}, 0, record.Exit{Code: -1, Signal: "SIGTERM", Outlived: true}, 4, 0, 0, 0},
		{"more were evicted than were seen", []int{1}, 3, record.Exit{}, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ends(c.counts, c.evicted, c.exit)
			require.Equal(t, record.ReloadCompleted, r.State)
			require.Equal(t, []int{c.drained, c.cut, c.drop, c.told}, []int{r.Drained, r.ConnectionsCut, r.Dropped, len(r.CutConnections)})
		})
	}
}

// The one who is evicted before anybody has counted is not missing among those who drained.
func TestWhoIsEvictedAtOnceIsNotCountedTwice(t *testing.T) {
	w := newWorld(1).up()
	old := w.in(record.WorkerReady)[0]
	r := w.live()
	w.apply(Evicted{Worker: old.ID, N: 3})
	w.apply(Holds{Worker: old.ID, N: 7})
	w.apply(Exited{Worker: old.ID})
	require.Equal(t, []int{7, 3}, []int{r.Drained, r.Evicted})
}

// That nobody knows of a loss does not mean that there was none.
func TestAWorkerThatBrokeUnseenMayHaveDroppedSomething(t *testing.T) {
	for _, c := range []struct {
		counted bool
		exit    record.Exit
		doubts  int
	}{
		{false, record.Exit{Code: 1}, 1},
		{false, record.Exit{Code: -1, Signal: "SIGTERM"}, 1},
		{false, record.Exit{}, 0},
		{true, record.Exit{Code: 1}, 0},
	} {
		w := newWorld(1).up()
		old := w.in(record.WorkerReady)[0]
		r := w.live()
		if c.counted {
			w.apply(Holds{Worker: old.ID})
		}
		w.apply(Exited{Worker: old.ID, Exit: c.exit})
		require.Equal(t, record.ReloadCompleted, r.State)
		require.Len(t, r.DropDoubts, c.doubts)
	}
}

// Who reads a reload while it goes on must not see its list change.
func TestAReloadKeepsAHundredOfThoseThatWereCut(t *testing.T) {
	var r reload
	r.addCut(make([]record.CutConnection, record.MostCut-1))
	before := r.Clone()
	r.addCut(make([]record.CutConnection, 5))
	require.Len(t, r.CutConnections, record.MostCut)
	r.addCut(make([]record.CutConnection, 5))
	require.Len(t, r.CutConnections, record.MostCut)
	require.Len(t, before.CutConnections, record.MostCut-1)
	require.Equal(t, cap(before.CutConnections), len(before.CutConnections))
}

func TestWhatAWorkerHadIsUnknownIfItWasNotCountedInTime(t *testing.T) {
	w := newWorld(1).up()
	old := w.in(record.WorkerReady)[0]
	r := w.live()
	w.apply(Holds{Worker: old.ID, Unknown: true})
	w.apply(Counted{Connections: map[string]int{old.ID: 0}})
	w.apply(Exited{Worker: old.ID})
	require.True(t, r.DrainedUnknown, "some may have left before it was counted")
}

func TestAnEvictionIsCountedForTheReloadThatDrainsTheWorker(t *testing.T) {
	w := newWorld(1).up()
	first := w.in(record.WorkerReady)[0]
	w.apply(Evicted{Worker: first.ID, N: 5})
	r := w.ask()
	w.prepare(nil)
	w.ready(w.next())
	require.Equal(t, record.ReloadLive, r.State)
	require.Zero(t, r.Evicted, "it did not drain yet")
	w.apply(Evicted{Worker: first.ID, N: 3})
	w.apply(Evicted{Worker: first.ID, N: -1})
	require.Equal(t, 2, r.Evicted)
	w.apply(Evicted{Worker: first.ID, N: -5})
	require.Zero(t, r.Evicted, "what was counted before is not taken back after")
	w.apply(Evicted{Worker: first.ID, N: 4})
	w.apply(Exited{Worker: first.ID})
	w.apply(Evicted{Worker: first.ID, N: 1})
	require.Equal(t, record.ReloadCompleted, r.State)
	require.Equal(t, 4, r.Evicted)
}

func TestAnEvictionFromAWorkerThatLeavesForAnotherReasonIsNoReloads(t *testing.T) {
	w := newWorld(2).up()
	w.apply(ScaleBy{Delta: -1})
	w.apply(Evicted{Worker: w.in(record.WorkerDraining)[0].ID, N: 1})
	require.Empty(t, w.pool.reloads)
}

func TestAReloadKeepsEachReasonForDoubtOnceAndTheWeakerWayOfSeeing(t *testing.T) {
	var r reload
	r.addFate(record.Fate{Dropped: 2, Doubts: []string{"a"}, Seen: record.SeenToldByKernel})
	require.Equal(t, record.SeenToldByKernel, r.SeenBy)
	r.addFate(record.Fate{Doubts: []string{"a", "b"}, Seen: record.SeenByStates})
	r.addFate(record.Fate{Seen: record.SeenToldByKernel})
	require.Equal(t, []string{"a", "b"}, r.DropDoubts)
	require.Equal(t, record.SeenByStates, r.SeenBy)
	require.True(t, r.DropUnknown)
	require.Equal(t, 2, r.Dropped)
	for i := range 2 * mostDoubts {
		r.addFate(record.Fate{Doubts: []string{itoa(i)}})
	}
	require.Len(t, r.DropDoubts, mostDoubts)
}
