package pool

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestARefusedCommandChangesNothing(t *testing.T) {
	t.Parallel()
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	noRoom := func(err error) bool { return errors.As(err, new(*record.NoRoom)) }
	conflicts := func(err error) bool { return errors.As(err, new(*record.ConflictError)) }
	two := record.Surge{Number: 2}
	full := record.Headroom{{Limit: "this machine", Most: 10, Free: 5, Worker: 4}}
	steady := func() *world { return newWorld(2).up() }
	stopping := func() *world { w := steady(); w.apply(StopMaster{}); return w }
	for name, c := range map[string]struct {
		reach   func() *world
		command func(*world) Command
		why     func(error) bool
	}{
		"a reload while the master stops": {stopping, func(*world) Command { return AskReload{ID: "r"} }, is(record.ErrStopping)},
		"a scale while the master stops":  {stopping, func(*world) Command { return ScaleBy{Delta: 1} }, is(record.ErrStopping)},
		"a renewal while the master stops": {stopping, func(w *world) Command {
			return RenewWorker{Worker: w.in(record.WorkerDraining)[0].ID}
		}, is(record.ErrStopping)},
		"a surge without room": {steady, func(*world) Command {
			return AskReload{ID: "r", Request: record.ReloadRequest{StrategyRequest: record.StrategyRequest{Surge: &two}}, Room: full}
		}, noRoom},
		"a larger pool without room": {steady, func(*world) Command { return ScaleTo{Size: 4, Room: full} }, noRoom},
		"a pool without workers":     {steady, func(*world) Command { return ScaleBy{Delta: -2} }, is(record.ErrPoolLimit)},
		"a pool of too many workers": {steady, func(*world) Command { return ScaleTo{Size: record.MaxWorkers + 1} }, is(record.ErrPoolLimit)},
		"a canary that the settings do not have": {steady, func(*world) Command {
			return AskReload{ID: "r", Request: record.ReloadRequest{NeedsCanary: true}, Settings: &Settings{Workers: 2}}
		}, is(record.ErrNoCanary)},
		"a canary that is the whole pool": {steady, func(*world) Command {
			return AskReload{ID: "r", Request: record.ReloadRequest{StrategyRequest: record.StrategyRequest{Canary: new(2)}}, Settings: &Settings{Workers: 2}}
		}, is(record.CanaryTooLarge{Canary: 2, Slots: 2})},
		"a reload from another generation": {steady, func(*world) Command {
			return AskReload{ID: "r", Request: record.ReloadRequest{IfGeneration: []int{7}}}
		}, is(record.ErrGeneration)},
		"a key that was used otherwise": {func() *world {
			w := steady()
			w.apply(AskReload{ID: "r", Request: record.ReloadRequest{Key: "k", Revision: "v1"}})
			return w
		}, func(*world) Command {
			return AskReload{ID: "r2", Request: record.ReloadRequest{Key: "k", Revision: "v2"}}
		}, is(record.ErrKeyReused)},
		"control of an unknown reload": {steady, func(*world) Command { return ControlReload{Reload: "r", Verb: record.VerbAbort} }, is(record.ErrNoReload)},
		"control of a reload that has ended": {func() *world { w := steady(); w.live(); w.leave(); return w }, func(w *world) Command {
			return ControlReload{Reload: w.last().ID, Verb: record.VerbAbort}
		}, conflicts},
		"renewal of an unknown worker": {steady, func(*world) Command { return RenewWorker{Worker: "nobody"} }, is(record.ErrNoWorker)},
		"renewal of a worker that is gone": {steady, func(w *world) Command {
			gone := w.pool.slots[0].duty.ID
			w.dies()
			return RenewWorker{Worker: gone}
		}, conflicts},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.reach()
			command := c.command(w)
			before := w.String()
			err := w.refuses(command)
			require.Error(t, err)
			require.True(t, c.why(err), "%s", err)
			require.Equal(t, before, w.String())
			require.Empty(t, w.effects)
		})
	}
}

// The key of a request is as old as the pool's clock says.
func TestAKeyExpiresByTheTimeOfTheCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(1).up()
	w.apply(AskReload{ID: "r", Request: record.ReloadRequest{Key: "k"}})
	first := w.last()
	require.NoError(t, w.refuses(AskReload{ID: "again", Request: record.ReloadRequest{Key: "k"}}))
	require.Same(t, first.kept(), w.pool.AnswerTo(record.ReloadRequest{Key: "k"}))
	require.Len(t, w.pool.reloads, 1)
	w.now = w.now.Add(keepKeys)
	w.apply(AskReload{ID: "later", Request: record.ReloadRequest{Key: "k"}})
	require.Equal(t, "later", w.pool.AnswerTo(record.ReloadRequest{Key: "k"}).ID)
}
