package master_test

import (
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/check"
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/plan"
	"rota/internal/record"
)

// website runs a master whose workers answer over HTTP, all with 200 but those of one slot, and returns its
// workers by slot.
func website(t *testing.T, badSlot string) (*master.Master, []record.Worker) {
	t.Helper()
	m := runSite(t, master.Options{Spec: plan.Spec{Command: []string{os.Args[0], "website", badSlot}, Workers: 4}})
	s, err := m.Status()
	require.NoError(t, err)
	return m, s.Workers
}

// runSite starts a master that ends with the test, and returns when its workers are ready.
func runSite(t *testing.T, o master.Options) *master.Master {
	t.Helper()
	o.Listen = []listen.Spec{{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}}
	o.Log = zerolog.Nop()
	m, err := master.New(o)
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { m.Run(); close(ended) }()
	t.Cleanup(func() { m.Kill(); <-ended })
	require.Eventually(t, func() bool {
		s, err := m.Status()
		return err == nil && s.Ready == o.Workers
	}, 20*time.Second, time.Millisecond)
	return m
}

// ask runs a round of checks of all but the first of the workers, as if that one were of the generation before.
func ask(t *testing.T, m *master.Master, live bool, checks ...string) record.Result {
	t.Helper()
	s, err := m.Status()
	require.NoError(t, err)
	round := master.Round{Live: live, Commands: live, Generation: 1, Listeners: s.Listeners, Timeout: 20 * time.Second}
	for _, text := range checks {
		c, err := check.Parse(text)
		require.NoError(t, err)
		round.Checks = append(round.Checks, c)
	}
	for _, w := range s.Workers[1:] {
		round.Workers = append(round.Workers, w.ID)
	}
	return check.Run(t.Context(), m.Equip(round))
}

func TestRealWorkersThatAreWellPassEveryCheck(t *testing.T) {
	m, _ := website(t, "none")
	r := ask(t, m, true, "tcp", "http:/up", `test $ROTA_GENERATION = 1 && test -n "$ROTA_LISTEN"`)
	require.True(t, r.OK, r.Message)
	require.Equal(t, 3, r.Passed)
	require.Equal(t, 3, r.Of)
	require.Positive(t, r.Reached)
}

func TestTheRealWorkerThatIsNotWellIsNamed(t *testing.T) {
	m, workers := website(t, "2")
	var r record.Result
	// Who gets a connection is the kernel's choice; sooner or later it is each.
	require.Eventually(t, func() bool {
		r = ask(t, m, false, "tcp", "http:/up")
		return !r.OK
	}, 20*time.Second, time.Millisecond)
	require.Equal(t, workers[2].ID, r.Worker)
	require.Equal(t, "http:/up", r.Check)
	require.Contains(t, r.Message, "500 Internal Server Error")
}

func TestARealOlderWorkersAnswerDoesNotCount(t *testing.T) {
	m, _ := website(t, "0")
	for range 10 {
		require.True(t, ask(t, m, false, "tcp", "http:/up").OK)
	}
}

// A broken old version must not keep its repair from being deployed, also not in the moment when the reload is
// live and the old workers have not heard yet that they are to stop.
func TestARepairIsDeployed(t *testing.T) {
	m := runSite(t, master.Options{Check: check.Run, Spec: plan.Spec{Command: []string{os.Args[0], "repaired"}, Workers: 1}})
	var checks []record.Check
	for _, text := range []string{"tcp", "http:/up", os.Args[0] + " asks"} {
		c, err := check.Parse(text)
		require.NoError(t, err)
		checks = append(checks, c)
	}
	reload, err := m.Reload(record.ReloadRequest{Checks: checks})
	require.NoError(t, err)
	reload, err = m.Wait(t.Context(), reload.ID, record.ReloadCompleted)
	require.NoError(t, err)
	require.Equal(t, record.ReloadCompleted, reload.State, "%v", reload.Failure)
}
