package pool

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestOfManyCallersTheFirstAndTheLastAreKept(t *testing.T) {
	w := newWorld(1).up()
	w.ask()
	w.prepare(nil)
	const asked = 1500
	var read record.Reload
	for i := range asked {
		w.apply(AskReload{ID: freshID(), Request: record.ReloadRequest{Reason: itoa(i)}})
		if i == 100 {
			read = w.last().Clone()
		}
	}
	reasons := func(r *record.Reload) (list []string) {
		for _, c := range r.Callers {
			list = append(list, c.Reason)
		}
		return list
	}
	expected := func(n int) (list []string) {
		for i := range keepCallers {
			list = append(list, itoa(i))
		}
		for i := range keepCallers {
			list = append(list, itoa(n-keepCallers+i))
		}
		return list
	}
	require.Equal(t, asked, w.last().CallersTotal)
	require.Equal(t, expected(asked), reasons(w.last().kept()))
	require.Equal(t, 101, read.CallersTotal)
	require.Equal(t, expected(101), reasons(&read), "a reader's copy stays as it was")
	require.Contains(t, w.events[len(w.events)-1].Message, "1500 callers share")
}

// Each caller may bring checks of its own.
func TestManyCallersCannotAskForChecksWithoutEnd(t *testing.T) {
	w := newWorld(1).up()
	w.ask()
	w.prepare(nil)
	for i := range mostChecks {
		one := []record.Check{{Kind: record.CheckPath, Target: "/" + itoa(i)}}
		require.NoError(t, w.pool.forbidsChecks(one))
		w.apply(AskReload{ID: freshID(), Request: record.ReloadRequest{Checks: one}})
	}
	require.Len(t, w.last().Checks, mostChecks)
	another := []record.Check{{Kind: record.CheckPath, Target: "/another"}}
	require.ErrorAs(t, w.pool.forbidsChecks(another), new(*record.ConflictError))
	require.NoError(t, w.pool.forbidsChecks(w.last().Checks[:1]), "nothing new is asked for")
}
