package gauge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/record"
)

func TestOnlyPacketsDroppedMeanwhileCount(t *testing.T) {
	var drops listenerDrops
	note := func(n uint32) int {
		drops.note(map[string]kernel.Queue{"tcp": {Dropped: n}})
		return drops.count()
	}
	require.Zero(t, note(7), "that was before")
	require.Equal(t, 2, note(9))
	require.Equal(t, 2, note(1), "it is another socket by now")
	require.Equal(t, 5, note(4))
}

func TestOtherProgramsLossesAreNotTheReloads(t *testing.T) {
	r := &record.Reload{}
	r.Overflows, r.Drops = 5, 6
	require.Empty(t, r.Losses())
	r.ListenerDrops = 9
	require.Equal(t, []string{"5 connections found the accept queue full (ListenOverflows)", "1 connection was dropped by a listener (ListenDrops)"}, r.Losses())
	r.Overflows, r.Drops = 0, 0
	require.Empty(t, r.Losses(), "those were no connections")
}
