package pool

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// canaryOf begins a reload with a canary of one in a pool of three.
func canaryOf(t *testing.T, change func(*Terms)) (*world, *reload) {
	t.Helper()
	w := newWorld(3).up()
	r := w.under(func(terms *Terms) {
		terms.Strategy = record.Strategy{Canary: 1}
		terms.Program = &record.Program{}
		change(terms)
	})
	return w, r
}

func asIs(*Terms) {}

func TestACanaryIsReachedWhenItsChecksHavePassed(t *testing.T) {
	w, r := canaryOf(t, func(terms *Terms) { terms.Checks = true })
	require.False(t, r.CanaryDecided())
	w.ready(w.next())
	require.Equal(t, []RunChecks{{Reload: r.ID, Generation: 2, Batches: 1, Commands: true}}, w.checks, "commands are run, too")
	require.False(t, r.CanaryDecided(), "it is not checked yet")
	w.check(record.Result{OK: true})
	require.True(t, r.CanaryReached())
	require.True(t, r.CanaryDecided())
	require.Equal(t, w.now, r.CanaryAt)
	require.Equal(t, record.PausedCanary, r.Paused.Why)
}

func TestACanaryThatFailsItsChecksIsNotReached(t *testing.T) {
	w, r := canaryOf(t, func(terms *Terms) { terms.Checks = true })
	w.ready(w.next())
	w.check(record.Result{Message: "not well"})
	require.Equal(t, record.ReloadReverting, r.State)
	require.False(t, r.CanaryDecided(), "until it has failed")
	w.calm()
	require.Equal(t, record.ReloadFailed, r.State)
	require.True(t, r.CanaryDecided())
	require.False(t, r.CanaryReached())
}

// Who is told of it late is told the same.
func TestACanaryStaysReached(t *testing.T) {
	for name, goOn := range map[string]func(*world, *reload){
		"promoted":                func(w *world, r *reload) { w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote}) },
		"soaked":                  func(w *world, _ *reload) { w.woken(canaryOver) },
		"paused by somebody, too": func(w *world, r *reload) { w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause}) },
		"completed": func(w *world, r *reload) {
			w.calm()
			require.Equal(t, record.ReloadCompleted, r.State)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := canaryOf(t, func(terms *Terms) { terms.Strategy.CanarySoak = time.Second })
			w.ready(w.next())
			goOn(w, r)
			require.True(t, r.CanaryReached())
			require.True(t, r.CanaryDecided())
		})
	}
	w, r := canaryOf(t, asIs)
	w.ready(w.next())
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbAbort})
	require.False(t, r.CanaryReached(), "it is taken back")
	require.False(t, r.CanaryDecided())
}

// Somebody who holds the reload before its canary is up still learns when it is, and it soaks meanwhile.
func TestACanaryIsReachedThoughSomebodyHasPausedTheReload(t *testing.T) {
	w, r := canaryOf(t, func(terms *Terms) { terms.Strategy.CanarySoak = time.Second })
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPause})
	w.ready(w.next())
	require.True(t, r.CanaryReached())
	require.Equal(t, record.PausedAsked, r.Paused.Why)
	require.True(t, slices.ContainsFunc(w.events, func(e record.Event) bool {
		return e.Message == "the canary is up" && e.Reload.CanaryAt.Equal(r.CanaryAt)
	}))
	w.woken(canaryOver)
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbResume})
	require.NotNil(t, w.next(), "it has soaked")
}

func TestAPromotionNeedsACanaryThatIsUp(t *testing.T) {
	w, r := canaryOf(t, func(terms *Terms) { terms.Checks = true })
	refused := func() {
		t.Helper()
		err := w.pool.forbids(r, record.VerbPromote)
		require.ErrorContains(t, err, "wait=canary")
		require.ErrorContains(t, err, "skip_canary=true")
		w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
		require.True(t, r.PromotedAt.IsZero())
	}
	refused()
	w.ready(w.next())
	refused() // it is not checked yet
	w.check(record.Result{OK: true})
	require.NoError(t, w.pool.forbids(r, record.VerbPromote))
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
	at := r.PromotedAt
	require.Equal(t, w.now, at)

	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
	require.True(t, w.calm())
	require.Equal(t, record.ReloadCompleted, r.State)
	require.NoError(t, w.pool.forbids(r, record.VerbPromote), "it is promoted")
	require.NoError(t, w.pool.forbids(r, record.VerbSkipCanary))
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
	require.Equal(t, at, r.PromotedAt)
	require.Empty(t, w.effects)
}

func TestAReloadThatWasPromotedAndFailedIsNotPromotedAgain(t *testing.T) {
	w, r := canaryOf(t, asIs)
	w.ready(w.next())
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbPromote})
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	require.Error(t, w.pool.forbids(r, record.VerbPromote), "it goes back")
	w.calm()
	require.Equal(t, record.ReloadFailed, r.State)
	require.Error(t, w.pool.forbids(r, record.VerbPromote))
}

func TestACanaryThatIsSkippedIsNotReached(t *testing.T) {
	w, r := canaryOf(t, asIs)
	require.NoError(t, w.pool.forbids(r, record.VerbSkipCanary))
	w.apply(ControlReload{Reload: r.ID, Verb: record.VerbSkipCanary})
	require.True(t, r.CanaryDecided())
	require.True(t, r.CanarySkipped())
	require.True(t, w.over().calm())
	require.Equal(t, record.ReloadCompleted, r.State)
	require.False(t, r.CanaryReached())
}

func TestWhoNeedsACanaryIsToldThatThereIsNone(t *testing.T) {
	none, some := 0, 1
	needs := func(canary *int) record.ReloadRequest {
		return record.ReloadRequest{NeedsCanary: true, StrategyRequest: record.StrategyRequest{Canary: canary}}
	}
	w := newWorld(3).up()
	require.ErrorIs(t, w.pool.forbidsCanary(needs(nil), &Settings{}), record.ErrNoCanary)
	require.ErrorIs(t, w.pool.forbidsCanary(needs(&none), &Settings{Strategy: record.Strategy{Canary: 1}}), record.ErrNoCanary)
	require.NoError(t, w.pool.forbidsCanary(needs(nil), &Settings{Strategy: record.Strategy{Canary: 1}}))
	require.NoError(t, w.pool.forbidsCanary(needs(&some), &Settings{}))
	require.NoError(t, w.pool.forbidsCanary(record.ReloadRequest{}, &Settings{}))

	w.ask()
	w.prepare(nil)
	w.apply(AskReload{ID: "with", Request: record.ReloadRequest{StrategyRequest: record.StrategyRequest{Canary: &some}}})
	require.NoError(t, w.pool.forbidsCanary(needs(nil), &Settings{}), "the one that is queued has a canary")
	without := record.ReloadRequest{StrategyRequest: record.StrategyRequest{Canary: &none}}
	require.NoError(t, w.pool.forbidsCanary(without, &Settings{}))
	w.apply(AskReload{ID: "with", Request: needs(nil)})
	require.ErrorContains(t, w.pool.forbidsCanary(without, &Settings{}), "another caller of the queued reload waits for its canary")
	require.NoError(t, w.pool.forbidsCanary(record.ReloadRequest{}, &Settings{}))
}

// The settings may lose their canary between the request and the plan: then nothing changes.
func TestAReloadThatHasLostItsCanaryFails(t *testing.T) {
	w := newWorld(3).up()
	w.apply(AskReload{ID: "r2", Request: record.ReloadRequest{NeedsCanary: true}})
	w.prepare(nil)
	r := w.last()
	require.Equal(t, record.ReloadFailed, r.State)
	require.True(t, r.Canaryless())
	require.Equal(t, record.ErrNoCanary.Error(), r.Failure.Message)
	require.Equal(t, []int{1, 1, 1}, w.generations())
}

// That nobody has complained of a worker says nothing while older ones have got all of the checks'
// connections.
func TestACanaryThatNoCheckHasReachedIsCheckedOn(t *testing.T) {
	for name, c := range map[string]struct {
		rounds int // that miss it
		left   string
	}{
		"the next round reaches it": {1, ""},
		"none ever does":            {mostMisses, "; no connection of the checks has reached the worker of slot 0"},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := canaryOf(t, func(terms *Terms) { terms.Checks = true })
			w.ready(w.next())
			missed := record.Result{OK: true, Of: 1, Missed: []string{w.pool.slots[0].duty.ID}}
			for range c.rounds {
				require.False(t, r.CanaryReached())
				require.Error(t, w.pool.forbids(r, record.VerbPromote))
				w.wakes = nil
				w.check(missed)
				w.woken(checkDue)
			}
			if c.left == "" {
				require.False(t, r.CanaryReached())
				w.check(record.Result{OK: true, Of: 1, Reached: 1})
			}
			require.True(t, r.CanaryReached())
			require.Equal(t, record.PausedCanary, r.Paused.Why)
			require.True(t, slices.ContainsFunc(w.events, func(e record.Event) bool {
				return strings.HasSuffix(e.Message, "the canary waits to be promoted"+c.left)
			}))
		})
	}
}
