package pool

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestAReloadKnowsHowManySlotsAreServed(t *testing.T) {
	w := newWorld(2).up()
	r := w.under(func(*Terms) {})
	w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	require.Equal(t, record.ReloadFailed, r.State)
	require.Equal(t, 2, r.Serving)
	require.True(t, r.Served)
}

// The first workers never got ready.
func TestAReloadKnowsThatNobodyEverServed(t *testing.T) {
	w := newWorld(2)
	r := w.under(func(*Terms) {})
	for w.next() != nil && !r.State.Terminal() {
		w.apply(Exited{Worker: w.next().ID, Exit: record.Exit{Code: 1}})
	}
	require.Equal(t, record.ReloadFailed, r.State)
	require.Zero(t, r.Serving)
	require.False(t, r.Served)
	require.Empty(t, r.Losses())
}
