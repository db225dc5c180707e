package pool

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rota/internal/record"
)

// promises are what a history must keep from one fact to the next.
type promises struct {
	plans map[int]bool             // that the loop has
	done  map[string]record.Reload // as it was told when it was completed
}

// TestPromisesAreKept lets random histories happen and looks at what is wanted of the loop, which knows a
// generation from its preparation to its release, and at reloads that have said how they went.
func TestPromisesAreKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.IntRange(1, 5).Draw(t, "size"))
		s := &promises{plans: map[int]bool{1: true}, done: map[string]record.Reload{}}
		for range rapid.IntRange(1, 80).Draw(t, "length") {
			f, _ := draw(t, w)
			if draining := w.in(record.WorkerDraining); len(draining) > 0 && rapid.IntRange(0, 15).Draw(t, "breaks") == 0 {
				f = Exited{Worker: pick(t, draining), Exit: record.Exit{Code: 1}}
			}
			w.apply(f)
			s.keep(t, w, f)
		}
	})
}

func (s *promises) keep(t *rapid.T, w *world, f happening) {
	if f, ok := f.(Prepared); ok && f.Err == nil {
		s.plans[f.Generation] = true
		defer func() {
			if _, wanted := w.pool.terms[f.Generation]; !wanted {
				delete(s.plans, f.Generation)
			}
		}()
	}
	for _, e := range w.effects {
		for _, generation := range generationsOf(e) {
			require.True(t, s.plans[generation], "%s, but nobody has the plan: %s", tellEffect(e), w.did())
		}
		if e, ok := e.(Release); ok {
			delete(s.plans, e.Generation)
		}
	}
	if !w.pool.stopping {
		for generation := range w.pool.terms {
			require.True(t, s.plans[generation])
		}
	}
	for _, r := range w.pool.reloads {
		if before, told := s.done[r.ID]; told {
			require.Equal(t, before, r.Clone(), "it has said how it went, and it was otherwise")
		} else if r.State == record.ReloadCompleted {
			s.done[r.ID] = r.Clone()
		}
	}
}

// generationsOf are those whose plans an effect needs.
func generationsOf(e Effect) []int {
	switch e := e.(type) {
	case Start:
		return []int{e.Generation}
	case Retire:
		return []int{e.Generation, e.Next}
	case Restore:
		return []int{e.Generation}
	case Serve:
		return []int{e.Generation}
	case RunChecks:
		return []int{e.Generation}
	}
	return nil
}
