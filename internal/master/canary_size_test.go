package master

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/plan"
	"rota/internal/record"
)

func TestACanaryThatIsTheWholePoolIsRefusedAtOnce(t *testing.T) {
	with := func(canary int) record.ReloadRequest {
		return record.ReloadRequest{StrategyRequest: record.StrategyRequest{Canary: &canary}}
	}
	inBubble(t, plan.Spec{Workers: 2}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		spec := b.options.Spec
		b.options.Reread = func() (plan.Spec, error) { return spec, nil }
		_, err := b.Reload(with(5))
		require.EqualError(t, err, "a canary of 5 leaves none of the 2 slots for later; it can be at most 1, so leave it out or have more workers")
		_, err = b.Reload(with(2))
		require.ErrorIs(t, err, record.CanaryTooLarge{Canary: 2, Slots: 2})
		list, err := b.Reloads()
		require.NoError(t, err)
		require.Empty(t, list)

		spec.Workers = 8 // of the settings by now
		r, err := b.Reload(with(5))
		require.NoError(t, err)
		next, err := b.Reload(with(9))
		require.NoError(t, err, "what size the pool has when it is its turn is not known")
		_, err = b.Control(r.ID, record.VerbAbort, "")
		require.NoError(t, err)
		failed := b.wait(next.ID, record.ReloadCompleted)
		require.Equal(t, record.ReloadFailed, failed.State)
		require.Equal(t, record.CanaryTooLarge{Canary: 9, Slots: 8}.Error(), failed.Failure.Message)
	})
}
