package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// A rotation that is told to wait waits, also when there is nothing left for it to change.

func TestAnUnpromotedCanaryDoesNotGoLiveBecauseThePoolShrinks(t *testing.T) {
	for name, size := range map[string]int{"to the canary": 2, "below it": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(4).up()
			r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Canary: 2} })
			w.over()
			require.Equal(t, record.PausedCanary, r.Paused.Why)
			w.apply(ScaleBy{Delta: size - 4})
			w.leave()
			require.Equal(t, record.ReloadRolling, r.State)
			require.Equal(t, record.PausedCanary, r.Paused.Why)
			w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
			require.Equal(t, record.ReloadCompleted, r.State)
		})
	}
}

func TestAPoolThatShrinksBelowItsCanaryIsHeldWhenItHasChanged(t *testing.T) {
	w := newWorld(4).up()
	r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Canary: 3} })
	w.apply(ScaleBy{Delta: -2})
	w.over()
	require.Equal(t, []int{2, 2}, w.generations())
	require.Equal(t, record.ReloadRolling, r.State)
	require.Equal(t, record.PausedCanary, r.Paused.Why)
	w.apply(ScaleBy{Delta: 2})
	w.up()
	require.Equal(t, []int{2, 2, 1, 1}, w.generations(), "it waits on in a pool that has grown again")
	require.Equal(t, record.PausedCanary, r.Paused.Why)
}

func TestAPauseHoldsARotationWhoseLastBatchIsUnderWay(t *testing.T) {
	for name, c := range map[string]struct {
		record.Strategy
		reach func(*world)
	}{
		"the only one":        {record.Strategy{Surge: record.Surge{Percent: 100}}, func(*world) {}},
		"the last of several": {record.Strategy{}, func(w *world) { w.ready(w.next()).ready(w.next()) }},
		"after a canary":      {record.Strategy{Canary: 1, CanarySoak: time.Second, Surge: record.Surge{Number: 2}}, func(w *world) { w.over().woken(canaryOver) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(3).up()
			r := w.under(func(terms *Terms) { terms.Strategy = c.Strategy })
			c.reach(w)
			w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause})
			w.over().leave()
			require.Equal(t, []int{2, 2, 2}, w.generations())
			require.Equal(t, record.ReloadRolling, r.State)
			require.Equal(t, record.PausedAsked, r.Paused.Why)
			w.apply(ControlReload{Reload: r.ID, Verb: record.VerbResume})
			require.Equal(t, record.ReloadCompleted, r.State)
		})
	}
}

func TestAPausedCanaryDoesNotGoLiveBecauseThePoolShrinks(t *testing.T) {
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Canary: 1, CanarySoak: time.Second} })
	w.over()
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause})
	w.woken(canaryOver)
	w.apply(ScaleBy{Delta: -2})
	require.Equal(t, record.ReloadRolling, r.State)
	require.Equal(t, record.PausedAsked, r.Paused.Why)
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbResume})
	require.Equal(t, record.ReloadLive, r.State)
}

// What its listeners have turned away is invited back.
func TestARotationThatIsHeldAtItsEndCanGoBack(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Strategy = record.Strategy{Surge: record.Surge{Percent: 100}} })
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause})
	w.over().leave()
	require.Equal(t, []int{2, 2}, w.generations())
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbAbort})
	require.Contains(t, w.effects, Restore{Generation: 1})
	require.True(t, w.calm())
	require.Equal(t, record.ReloadAborted, r.State)
	require.Equal(t, []int{1, 1}, w.generations())
}

// A slot that is added to it is changed, too, before it is live.
func TestAPoolThatGrowsWhileARotationIsHeldAtItsEnd(t *testing.T) {
	w := newWorld(1).up()
	r := w.ask()
	w.prepare(nil)
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause})
	w.over()
	w.apply(ScaleBy{Delta: 1})
	w.up()
	require.Equal(t, []int{2, 1}, w.generations())
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbResume})
	require.Equal(t, record.ReloadRolling, r.State)
	w.over()
	require.Equal(t, []int{2, 2}, w.generations())
	require.Equal(t, record.ReloadLive, r.State)
}
