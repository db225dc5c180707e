package master

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARefusedCommandChangesNothing(t *testing.T) {
	t.Parallel()
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	noRoom := func(err error) bool { return errors.As(err, new(*NoRoom)) }
	conflicts := func(err error) bool { return errors.As(err, new(*ConflictError)) }
	two := Surge{Number: 2}
	full := headroom{{limit: "this machine", most: 10, free: 5, worker: 4}}
	steady := func() *world { return newWorld(2).up() }
	stopping := func() *world { w := steady(); w.apply(stopMaster{}); return w }
	for name, c := range map[string]struct {
		reach   func() *world
		command func(*world) command
		why     func(error) bool
	}{
		"a reload while the master stops": {stopping, func(*world) command { return askReload{id: "r"} }, is(ErrStopping)},
		"a scale while the master stops":  {stopping, func(*world) command { return scaleBy{delta: 1} }, is(ErrStopping)},
		"a renewal while the master stops": {stopping, func(w *world) command {
			return renewWorker{worker: w.in(WorkerDraining)[0].ID}
		}, is(ErrStopping)},
		"a surge without room": {steady, func(*world) command {
			return askReload{id: "r", request: ReloadRequest{StrategyRequest: StrategyRequest{Surge: &two}}, room: full}
		}, noRoom},
		"a larger pool without room": {steady, func(*world) command { return scaleTo{size: 4, room: full} }, noRoom},
		"a pool without workers":     {steady, func(*world) command { return scaleBy{delta: -2} }, is(ErrPoolLimit)},
		"a pool of too many workers": {steady, func(*world) command { return scaleTo{size: MaxWorkers + 1} }, is(ErrPoolLimit)},
		"a canary that the settings do not have": {steady, func(*world) command {
			return askReload{id: "r", request: ReloadRequest{NeedsCanary: true}, settings: &settings{workers: 2}}
		}, is(ErrNoCanary)},
		"a canary that is the whole pool": {steady, func(*world) command {
			return askReload{id: "r", request: ReloadRequest{StrategyRequest: StrategyRequest{Canary: new(2)}}, settings: &settings{workers: 2}}
		}, is(CanaryTooLarge{Canary: 2, Slots: 2})},
		"a reload from another generation": {steady, func(*world) command {
			return askReload{id: "r", request: ReloadRequest{IfGeneration: []int{7}}}
		}, is(ErrGeneration)},
		"a key that was used otherwise": {func() *world {
			w := steady()
			w.apply(askReload{id: "r", request: ReloadRequest{Key: "k", Revision: "v1"}})
			return w
		}, func(*world) command {
			return askReload{id: "r2", request: ReloadRequest{Key: "k", Revision: "v2"}}
		}, is(ErrKeyReused)},
		"control of an unknown reload": {steady, func(*world) command { return controlReload{reload: "r", verb: VerbAbort} }, is(ErrNoReload)},
		"control of a reload that has ended": {func() *world { w := steady(); w.live(); w.leave(); return w }, func(w *world) command {
			return controlReload{reload: w.last().ID, verb: VerbAbort}
		}, conflicts},
		"renewal of an unknown worker": {steady, func(*world) command { return renewWorker{worker: "nobody"} }, is(ErrNoWorker)},
		"renewal of a worker that is gone": {steady, func(w *world) command {
			gone := w.pool.slots[0].duty.ID
			w.dies()
			return renewWorker{worker: gone}
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
	w.apply(askReload{id: "r", request: ReloadRequest{Key: "k"}})
	first := w.last()
	require.NoError(t, w.refuses(askReload{id: "again", request: ReloadRequest{Key: "k"}}))
	require.Same(t, first, w.pool.answerTo(ReloadRequest{Key: "k"}))
	require.Len(t, w.pool.reloads, 1)
	w.now = w.now.Add(keepKeys)
	w.apply(askReload{id: "later", request: ReloadRequest{Key: "k"}})
	require.Equal(t, "later", w.pool.answerTo(ReloadRequest{Key: "k"}).ID)
}
