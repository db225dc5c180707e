package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rota/internal/record"
)

// TestWhateverHappens lets thousands of random histories happen to a pool and looks, after
// every fact, for what must never be; and at the end of each for what must have come about.
func TestWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.IntRange(1, 5).Draw(t, "size"))
		for range rapid.IntRange(1, 80).Draw(t, "length") {
			f, shrinks := draw(t, w)
			before, rotating := w.servingSlots(), w.pool.rotating
			paused := rotating != nil && rotating.pausedByCaller()
			if c, ok := f.(ControlReload); ok && c.Verb == record.VerbResume {
				paused = false
			}
			w.apply(f)
			lookForHaste(t, rotating, paused)
			if !shrinks { // a pool that has become smaller may serve with fewer
				require.GreaterOrEqual(t, w.servingSlots(), min(before, len(w.pool.slots)), "%T took a serving slot away: %s", f, w)
			}
			lookFor(t, w)
			lookForPraise(t, w)
		}
		endsWell(t, w)
	})
}

// draw picks a fact that may follow. shrinks says that it may take serving slots away, as
// only an accident, a scale or a stop may; a rotation never does.
func draw(t *rapid.T, w *world) (f happening, shrinks bool) {
	starting, ready, draining := w.in(record.WorkerStarting), w.in(record.WorkerReady), w.in(record.WorkerDraining)
	kind := rapid.IntRange(0, 24).Draw(t, "kind")
	switch {
	case kind == 0:
		return AskReload{ID: freshID(), Request: record.ReloadRequest{NeedsCanary: rapid.IntRange(0, 3).Draw(t, "needs canary") == 0}}, false
	case kind == 1 && len(w.preparing) > 0:
		return takePrepared(w, errNotThere), false
	case kind == 2 && len(w.preparing) > 0:
		f := takePrepared(w, nil)
		f.Terms.Workers = rapid.IntRange(1, 7).Draw(t, "workers")
		f.Terms.Strategy = drawStrategy(t)
		f.Terms.Checks = rapid.Bool().Draw(t, "checks")
		return f, false
	case kind == 3 && len(w.preparing) > 0:
		return takePrepared(w, nil), false
	case kind <= 7 && len(starting) > 0:
		return BecameReady{Worker: pick(t, starting)}, false
	case kind == 8 && len(starting) > 0:
		return StartTimedOut{Worker: pick(t, starting)}, false
	case kind == 9 && len(starting) > 0:
		return Exited{Worker: pick(t, starting), Exit: record.Exit{Code: 1}}, false
	case kind == 10 && len(ready) > 0:
		return Exited{Worker: pick(t, ready), Exit: record.Exit{Code: -1, Signal: "SIGSEGV"}}, true
	case kind == 11 && len(draining) > 0:
		return DrainTimedOut{Worker: pick(t, draining)}, false
	case kind <= 13 && len(draining) > 0:
		return Exited{Worker: pick(t, draining), Exit: record.Exit{Cut: 1}}, false
	case kind == 16 && len(ready) > 0:
		return WentSilent{Worker: pick(t, ready), Silence: time.Second}, true
	case kind == 17 && len(w.checks) > 0:
		c := w.checks[0]
		w.checks = w.checks[1:]
		result := record.Result{OK: rapid.IntRange(0, 3).Draw(t, "ok") > 0, Message: "not well"}
		if len(ready) > 0 && rapid.Bool().Draw(t, "known") {
			result.Worker = pick(t, ready)
		}
		return Checked{Reload: c.Reload, Batches: c.Batches, Back: c.Back, Result: result}, false
	case kind <= 19 && len(w.wakes) > 0:
		i := rapid.IntRange(0, len(w.wakes)-1).Draw(t, "wake")
		e := w.wakes[i]
		w.wakes = slices.Delete(w.wakes, i, i+1)
		return Awake{Reload: e.Reload, Why: e.Why, Count: e.Count}, false
	case kind <= 21 && len(w.pool.reloads) > 0:
		verbs := []record.Verb{record.VerbAbort, record.VerbPause, record.VerbResume, record.VerbPromote, record.VerbSkipCanary}
		r := rapid.SampledFrom(w.pool.reloads).Draw(t, "reload")
		return ControlReload{Reload: r.ID, Verb: rapid.SampledFrom(verbs).Draw(t, "verb")}, false
	case kind == 22 && len(ready) > 0:
		return RenewWorker{Worker: pick(t, ready)}, false
	case kind == 23 && len(draining) > 0:
		return StoppedAccepting{Worker: pick(t, draining), At: w.now}, false
	case kind == 14:
		return RetryDue{Slot: rapid.IntRange(0, 5).Draw(t, "slot")}, false
	case rapid.IntRange(0, 40).Draw(t, "rare") == 0:
		return StopMaster{Now: rapid.Bool().Draw(t, "now")}, true
	case rapid.Bool().Draw(t, "scale"):
		return ScaleBy{Delta: rapid.SampledFrom([]int{-1, 1}).Draw(t, "delta")}, true
	}
	return Counted{}, false
}

func drawStrategy(t *rapid.T) record.Strategy {
	times := []time.Duration{0, time.Second}
	return record.Strategy{
		Surge:        rapid.SampledFrom([]record.Surge{{}, {Number: 2}, {Percent: 50}, {Percent: 100}}).Draw(t, "surge"),
		Canary:       rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "canary"),
		CanarySoak:   rapid.SampledFrom(times).Draw(t, "canary soak"),
		PauseBetween: rapid.SampledFrom(times).Draw(t, "pause"),
		Soak:         rapid.SampledFrom(times).Draw(t, "soak"),
	}
}

func takePrepared(w *world, err error) Prepared {
	generation := w.preparing[0]
	w.preparing = w.preparing[1:]
	return Prepared{Generation: generation, Terms: w.terms(), Err: err}
}

func pick(t *rapid.T, list []*member) string { return rapid.SampledFrom(list).Draw(t, "worker").ID }

// lookFor fails on what must never be.
func lookFor(t *rapid.T, w *world) {
	p := w.pool
	begun := 0 // replacements, by this fact
	for i, s := range p.slots {
		require.Equal(t, i, s.number)
		for _, m := range []*member{s.duty, s.next} {
			if m == nil {
				continue
			}
			require.Same(t, p.workers[m.ID], m, "a slot holds a worker that is gone")
			require.Contains(t, []record.WorkerState{record.WorkerStarting, record.WorkerReady}, m.State)
		}
		if s.next != nil {
			if slices.ContainsFunc(w.effects, func(e Effect) bool { began, ok := e.(Start); return ok && began.Worker == s.next.ID }) {
				begun++
			}
			require.NotSame(t, s.duty, s.next)
			if p.rotating == nil {
				require.Equal(t, p.generation, s.next.Generation, "a replacement of another generation without a rotation")
			}
		}
		if p.rotating == nil {
			require.False(t, w.changed(s))
			require.False(t, p.isNew(s))
			require.Equal(t, p.slots, p.staying())
		}
		if !p.stopping {
			require.True(t, s.duty != nil || s.next != nil || s.retrying || p.isNew(s), "slot %d is forgotten: %s", i, w)
		}
	}
	if r := p.rotating; r != nil {
		require.LessOrEqual(t, begun, r.Strategy.Surge.Of(len(p.slots)), "more than the surge")
		require.NotEqual(t, record.ReloadCompleted, r.State)
		if r.State == record.ReloadLive {
			require.Contains(t, p.terms, r.before, "what it may have to go back to is forgotten")
		}
	}
	require.Contains(t, p.terms, p.generation)
	for _, r := range p.reloads {
		if r.State == record.ReloadCompleted {
			for _, m := range p.workers {
				require.GreaterOrEqual(t, m.Generation, r.Generation, "%s is completed, but an older worker is there", r.ID)
			}
		}
		require.Equal(t, r.State.Terminal(), !r.FinishedAt.IsZero())
		require.Equal(t, p.copyOf(r).OnTrial, p.rotating != nil && p.rotating.reload == r)
		require.True(t, r.Paused == nil || r.State == record.ReloadRolling)
		lookForCanary(t, w, r)
		lookForEndOfAccepting(t, r)
		if r.State == record.ReloadFailed || r.State == record.ReloadAborted {
			require.NotEmpty(t, r.Failure.Message)
		}
		if r.Failure != nil {
			require.NotEmpty(t, r.Failure.Code)
			require.Equal(t, r.Failure.Code == record.Unstable, r.State == record.ReloadCompleted || r.State == record.ReloadLive)
		}
	}
}

// lookForCanary fails where a canary is said to be well that is not, or is missing.
func lookForCanary(t *rapid.T, w *world, r *reload) {
	if r.CanaryAt.Equal(w.now) {
		require.Positive(t, r.Strategy.Canary)
		checks := w.pool.rotating.checks
		require.True(t, !w.pool.checksWanted() || checks.phase != checksRunning && checks.passed == w.pool.rotating.batches, "%s has not been checked", r.ID)
		require.GreaterOrEqual(t, w.pool.slotsOf(r.Generation), min(r.Strategy.Canary, len(w.pool.staying())))
	}
	if r.NeedsCanary && r.Replaced > 0 {
		require.Positive(t, r.Strategy.Canary, "%s needs a canary", r.ID)
	}
	require.True(t, r.CanaryAt.IsZero() || r.PromotedAt.IsZero() || !r.PromotedAt.Before(r.CanaryAt))
}

// lookForEndOfAccepting fails where a worker is said to have stopped accepting that was not told to.
func lookForEndOfAccepting(t *rapid.T, r *reload) {
	for _, s := range r.Steps {
		if !s.StoppedAcceptingAt.IsZero() {
			require.Equal(t, "draining", s.Action)
			require.False(t, s.StoppedAcceptingAt.Before(s.At))
		}
	}
}

// lookForHaste fails when a rotation is live that was told to wait.
func lookForHaste(t *rapid.T, r *rotation, paused bool) {
	if r == nil || r.State != record.ReloadLive && r.State != record.ReloadCompleted {
		return
	}
	require.False(t, paused, "%s went live although somebody has paused it", r.ID)
	require.True(t, !r.PromotedAt.IsZero() || r.Strategy.Canary == 0, "%s went live although nobody has promoted its canary", r.ID)
}

// endsWell lets the history come to rest: every reload ends, every slot serves.
func endsWell(t *rapid.T, w *world) {
	require.True(t, w.calm(), "no rest: %s", w)
	p := w.pool
	for _, r := range p.reloads {
		require.True(t, r.State.Terminal(), "%s has not ended: %s", r.ID, w)
	}
	ends := map[string]int{}
	for _, e := range w.events {
		if e.Reload != nil && e.Reload.State.Terminal() {
			ends[e.ReloadID]++
		}
	}
	for _, r := range p.reloads {
		require.Equal(t, 1, ends[r.ID], "terminal events of %s", r.ID)
	}
	if p.stopping {
		require.True(t, w.finished)
		require.Empty(t, p.workers)
		return
	}
	require.Equal(t, len(p.slots), w.servingSlots())
	require.Len(t, p.workers, len(p.slots), "a worker lives on unseen: %s", w)
}

// TestAFailingNewWorkerGivesTheOldSetBack runs rotations that fail at a random moment, with
// nothing else going wrong, and finds the generation before in every slot.
func TestAFailingNewWorkerGivesTheOldSetBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 6).Draw(t, "size")
		w := newWorld(size).up()
		reload := w.ask()
		w.prepare(nil)
		for range rapid.IntRange(0, size-1).Draw(t, "replaced before") {
			w.ready(w.next())
		}
		failing := w.next()
		if rapid.Bool().Draw(t, "after it was ready") && size > 1 && reload.Replaced+1 < size {
			w.ready(failing)
		}
		if rapid.Bool().Draw(t, "slow") {
			w.apply(StartTimedOut{Worker: failing.ID, Output: []string{"still thinking"}})
		}
		w.apply(Exited{Worker: failing.ID, Exit: record.Exit{Code: 3, Output: []string{"no"}}})
		for reload.State == record.ReloadReverting {
			before := w.servingSlots()
			require.NotEmpty(t, w.in(record.WorkerStarting), "nothing moves: %s", w)
			w.ready(w.in(record.WorkerStarting)[0])
			require.GreaterOrEqual(t, w.servingSlots(), before)
		}
		require.Equal(t, record.ReloadFailed, reload.State, "%s", w)
		require.Equal(t, failing.ID, reload.Failure.WorkerID)
		require.NotEmpty(t, reload.Failure.Output)
		require.Equal(t, 1, w.pool.generation)
		require.Equal(t, size, w.servingSlots())
		for _, s := range w.pool.slots {
			require.Equal(t, 1, s.duty.Generation)
		}
	})
}

func TestWhoeverAsksDuringARotationSharesTheNext(t *testing.T) {
	w := newWorld(2).up()
	first := w.ask()
	w.prepare(nil)
	for i := range 20 {
		w.apply(AskReload{ID: freshID(), Request: record.ReloadRequest{Revision: itoa(i)}})
	}
	require.Len(t, w.pool.reloads, 2)
	shared := w.last()
	require.Equal(t, record.ReloadQueued, shared.State)
	require.Len(t, w.last().Callers, 20)
	require.Equal(t, "19", shared.Revision, "the latest caller's settings win")
	w.apply(AskReload{ID: freshID(), Request: record.ReloadRequest{Trigger: record.TriggerSignal, DrainTimeout: time.Second}})
	require.Equal(t, "19", shared.Revision, "who says nothing changes nothing")
	require.Equal(t, time.Second, shared.DrainTimeout)

	startedBefore := w.in(record.WorkerStarting, record.WorkerReady)
	require.True(t, w.calm())
	require.Equal(t, record.ReloadCompleted, first.State)
	require.Equal(t, record.ReloadCompleted, shared.State)
	for _, m := range startedBefore {
		require.NotContains(t, w.pool.workers, m.ID, "a worker started before the call is still there")
	}
	for _, s := range w.pool.slots {
		require.Equal(t, "19", s.duty.Revision)
	}
}

func TestDeathsInARowMakeACrashLoopAndAReloadEndsIt(t *testing.T) {
	w := newWorld(1).up()
	slot := w.pool.slots[0]
	for range loopAfter {
		require.False(t, slot.looping(w.now))
		w.apply(Exited{Worker: slot.duty.ID, Exit: record.Exit{Code: 1}})
		if slot.retrying {
			w.apply(RetryDue{Slot: 0})
		}
		w.up()
	}
	require.True(t, slot.looping(w.now), "ready for a moment is no recovery")
	require.False(t, slot.looping(w.now.Add(stableAfter)), "ready for long is")

	w.ask()
	require.True(t, w.calm())
	require.False(t, w.pool.slots[0].looping(w.now))
}

func TestAnImpatientCallerDoesNotMakeTheWayBackFail(t *testing.T) {
	w := newWorld(2).up()
	w.apply(AskReload{ID: "r", Request: record.ReloadRequest{StartTimeout: time.Millisecond}})
	w.prepare(nil)
	require.Equal(t, time.Millisecond, startOf(t, w).Timeout)
	w.ready(w.next())
	w.apply(StartTimedOut{Worker: w.next().ID})
	require.Equal(t, record.ReloadReverting, w.last().State)
	require.Equal(t, 1, startOf(t, w).Generation)
	require.Equal(t, 10*time.Second, startOf(t, w).Timeout)

	seen := w.last().Clone()
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadFailed, w.last().State)
	require.Contains(t, w.last().Failure.Message, "going back failed too")
	require.Contains(t, w.last().Failure.Message, "generation 2 still serves slot 0")
	require.NotContains(t, seen.Failure.Message, "going back failed too", "what a reader has does not change")
}

func startOf(t *testing.T, w *world) Start {
	t.Helper()
	for _, e := range w.effects {
		if s, ok := e.(Start); ok {
			return s
		}
	}
	require.FailNow(t, "nothing was started", w.did())
	return Start{}
}

// What many callers, or many generations, have in common must not be told once for each pair.
func TestEventsDoNotGrowWithTheSquare(t *testing.T) {
	w := newWorld(1).up()
	w.ask()
	w.prepare(nil)
	for range 1000 {
		w.apply(AskReload{ID: freshID()})
	}
	callers := 0
	for _, e := range w.events {
		if e.Reload != nil {
			callers += len(e.Reload.Callers)
		}
	}
	require.Less(t, callers, 10)

	w = newWorld(1).up()
	const generations = 100
	for range generations {
		w.ask()
		w.prepare(nil)
		w.ready(w.next())
	}
	require.Len(t, w.in(record.WorkerDraining), generations)
	w.events = nil
	for _, m := range w.in(record.WorkerDraining) {
		w.apply(Exited{Worker: m.ID})
	}
	require.Equal(t, record.ReloadCompleted, w.last().State)
	require.Less(t, len(w.events), 5*generations)
}

// TestTheSizeFollowsTheReload changes the pool's size in a reload that goes well, or fails at a
// random moment, and finds the new size, or the old one.
func TestTheSizeFollowsTheReload(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, wanted := rapid.IntRange(1, 6).Draw(t, "before"), rapid.IntRange(1, 6).Draw(t, "wanted")
		w := newWorld(before).up()
		r := w.ask()
		f := takePrepared(w, nil)
		f.Terms.Workers = wanted
		w.apply(f)
		require.GreaterOrEqual(t, w.servingSlots(), before, "nobody leaves before his time")
		for range rapid.IntRange(0, wanted).Draw(t, "good") {
			if w.next() == nil {
				break
			}
			w.ready(w.next())
		}
		if w.next() != nil {
			w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
			require.True(t, w.calm())
			require.Equal(t, record.ReloadFailed, r.State)
			wanted = before
		}
		require.True(t, w.calm())
		require.Len(t, w.pool.slots, wanted)
		require.Equal(t, wanted, w.servingSlots())
		require.Len(t, w.pool.workers, wanted)
		if r.State == record.ReloadCompleted {
			require.Equal(t, wanted, r.Replaced)
			require.Equal(t, wanted, r.Total)
		}
		require.True(t, w.calm())
		w.ask()
		w.prepare(nil)
		require.True(t, w.calm())
		require.Len(t, w.pool.slots, wanted, "the same settings again change nothing")
	})
}
