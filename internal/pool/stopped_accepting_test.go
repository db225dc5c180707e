package pool

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestAWorkerThatHasEndedByItselfHasStoppedAccepting(t *testing.T) {
	drains := func(steps []record.Step) record.Step {
		i := slices.IndexFunc(steps, func(s record.Step) bool { return s.Action == "draining" })
		require.GreaterOrEqual(t, i, 0)
		return steps[i]
	}
	w := newWorld(1).up()
	w.ask()
	w.prepare(nil).ready(w.next())
	old := w.in(record.WorkerDraining)[0]
	before := w.last().Steps
	w.apply(StillAccepts{Worker: old.ID, Listeners: "tcp", After: 5049 * msec})
	w.apply(Exited{Worker: old.ID})
	s := drains(w.last().Steps)
	require.Equal(t, w.now, s.StoppedAcceptingAt)
	require.Contains(t, s.Message, "; it was still waiting for connections on tcp 5s after it was told to stop")
	require.NotContains(t, drains(before).Message, "still", "who has read it has a list of its own")
}
