package minder

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/lapse"
	"rota/internal/process"
)

func TestAStageOnlyGoesForward(t *testing.T) {
	require.Len(t, heeded, int(stageGone)+1, "each stage says what matters")
	for from := stageStarting; from <= stageGone; from++ {
		for next := stageStarting; next <= stageGone; next++ {
			w := &watch{stage: from, alarm: lapse.NewTimer()}
			require.Equal(t, next > from, w.enter(next))
			require.Equal(t, max(from, next), w.stage)
		}
	}
}

func TestOrdersThatComeTooLateChangeNothing(t *testing.T) {
	p := &fakeProcess{end: make(chan process.ExitStatus, 1)}
	w := newWatch(&Minder{}, p, nil)
	defer w.close()
	w.enter(stageKilled)
	for _, kind := range []OrderKind{OrderDrain, OrderAbort, OrderKill} {
		w.obey(Order{Kind: kind})
	}
	require.Empty(t, p.signals)
	require.Equal(t, stageStarting, w.lived)
}
