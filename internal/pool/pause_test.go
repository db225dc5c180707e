package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A rotation that is told to wait waits, also when there is nothing left for it to change.

func TestAnUnpromotedCanaryDoesNotGoLiveBecauseThePoolShrinks(t *testing.T) {
	for name, size := range map[string]int{"to the canary": 2, "below it": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(4).up()
			r := w.under(func(terms *Terms) { terms.Strategy = Strategy{Canary: 2} })
			w.over()
			require.Equal(t, PausedCanary, r.Paused.Why)
			w.apply(ScaleBy{Delta: size - 4})
			w.leave()
			require.Equal(t, ReloadRolling, r.State)
			require.Equal(t, PausedCanary, r.Paused.Why)
			w.apply(ControlReload{Reload: r.ID, Verb: VerbPromote})
			require.Equal(t, ReloadCompleted, r.State)
		})
	}
}

func TestAPoolThatShrinksBelowItsCanaryIsHeldWhenItHasChanged(t *testing.T) {
	w := newWorld(4).up()
	r := w.under(func(terms *Terms) { terms.Strategy = Strategy{Canary: 3} })
	w.apply(ScaleBy{Delta: -2})
	w.over()
	require.Equal(t, []int{2, 2}, w.generations())
	require.Equal(t, ReloadRolling, r.State)
	require.Equal(t, PausedCanary, r.Paused.Why)
	w.apply(ScaleBy{Delta: 2})
	w.up()
	require.Equal(t, []int{2, 2, 1, 1}, w.generations(), "it waits on in a pool that has grown again")
	require.Equal(t, PausedCanary, r.Paused.Why)
}

func TestAPauseHoldsARotationWhoseLastBatchIsUnderWay(t *testing.T) {
	for name, c := range map[string]struct {
		Strategy
		reach func(*world)
	}{
		"the only one":        {Strategy{Surge: Surge{Percent: 100}}, func(*world) {}},
		"the last of several": {Strategy{}, func(w *world) { w.ready(w.next()).ready(w.next()) }},
		"after a canary":      {Strategy{Canary: 1, CanarySoak: time.Second, Surge: Surge{Number: 2}}, func(w *world) { w.over().woken(canaryOver) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(3).up()
			r := w.under(func(terms *Terms) { terms.Strategy = c.Strategy })
			c.reach(w)
			w.apply(ControlReload{Reload: r.ID, Verb: VerbPause})
			w.over().leave()
			require.Equal(t, []int{2, 2, 2}, w.generations())
			require.Equal(t, ReloadRolling, r.State)
			require.Equal(t, PausedAsked, r.Paused.Why)
			w.apply(ControlReload{Reload: r.ID, Verb: VerbResume})
			require.Equal(t, ReloadCompleted, r.State)
		})
	}
}

func TestAPausedCanaryDoesNotGoLiveBecauseThePoolShrinks(t *testing.T) {
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) { terms.Strategy = Strategy{Canary: 1, CanarySoak: time.Second} })
	w.over()
	w.apply(ControlReload{Reload: r.ID, Verb: VerbPause})
	w.woken(canaryOver)
	w.apply(ScaleBy{Delta: -2})
	require.Equal(t, ReloadRolling, r.State)
	require.Equal(t, PausedAsked, r.Paused.Why)
	w.apply(ControlReload{Reload: r.ID, Verb: VerbResume})
	require.Equal(t, ReloadLive, r.State)
}

// What its listeners have turned away is invited back.
func TestARotationThatIsHeldAtItsEndCanGoBack(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(terms *Terms) { terms.Strategy = Strategy{Surge: Surge{Percent: 100}} })
	w.apply(ControlReload{Reload: r.ID, Verb: VerbPause})
	w.over().leave()
	require.Equal(t, []int{2, 2}, w.generations())
	w.apply(ControlReload{Reload: r.ID, Verb: VerbAbort})
	require.Contains(t, w.effects, Restore{Generation: 1})
	require.True(t, w.calm())
	require.Equal(t, ReloadAborted, r.State)
	require.Equal(t, []int{1, 1}, w.generations())
}

// A slot that is added to it is changed, too, before it is live.
func TestAPoolThatGrowsWhileARotationIsHeldAtItsEnd(t *testing.T) {
	w := newWorld(1).up()
	r := w.ask()
	w.prepare(nil)
	w.apply(ControlReload{Reload: r.ID, Verb: VerbPause})
	w.over()
	w.apply(ScaleBy{Delta: 1})
	w.up()
	require.Equal(t, []int{2, 1}, w.generations())
	w.apply(ControlReload{Reload: r.ID, Verb: VerbResume})
	require.Equal(t, ReloadRolling, r.State)
	w.over()
	require.Equal(t, []int{2, 2}, w.generations())
	require.Equal(t, ReloadLive, r.State)
}
