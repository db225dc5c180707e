package master

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/gauge"
	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

func TestTheKernelTellsWhichWorkerHasAcceptedAConnection(t *testing.T) {
	unixSocket := listen.Spec{Name: "unix", Network: "unix", Address: filepath.Join(t.TempDir(), "x.sock")}
	abstract := listen.Spec{Name: "abstract", Network: "unix", Address: "@rota-test-holders-" + newID()}
	anywhere := listen.Spec{Name: "any", Network: "tcp", Address: "[::]:0"}
	for _, a := range []listen.Spec{loopback, anywhere, unixSocket, abstract} {
		t.Run(a.Name, func(t *testing.T) {
			r := runMaster(t, plan.Spec{Workers: 2, Listen: []listen.Spec{a}}, "holds-connections")
			r.ready(2)
			workers, _ := r.workers()
			var clients []listen.Client
			for range 4 {
				c, client, err := r.listening()[0].Dial(t.Context())
				require.NoError(t, err)
				defer c.Close()
				_, err = io.ReadFull(c, make([]byte, 1)) // so that it is held
				require.NoError(t, err)
				clients = append(clients, client)
			}
			stranger := listen.Client{Local: "127.0.0.1:1", Remote: clients[0].Remote}
			found, err := r.observer.Holders(append(clients, stranger))
			require.NoError(t, err)
			require.Len(t, found, 4)
			for _, c := range clients {
				require.Contains(t, []string{workers[0].ID, workers[1].ID}, found[c])
			}
		})
	}
}

func TestAConnectionThatNobodyHasAcceptedHasNoHolder(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "good") // which does not accept
	r.ready(1)
	c, client, err := r.listening()[0].Dial(t.Context())
	require.NoError(t, err)
	defer c.Close()
	found, err := r.observer.Holders([]listen.Client{client})
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestTargetsAreWhereClientsAreServed(t *testing.T) {
	kept, given := loopback, loopback
	kept.Name, given.Name = "kept", "given-up"
	r := runMasterWith(t, Options{Spec: *greeting(kept, given), Reread: func() (plan.Spec, error) { return *greeting(kept), nil }}, "")
	r.ready(2)
	require.Equal(t, r.listening(), r.targets())
	require.Len(t, r.targets(), 2)
	require.NoError(t, r.ask(func(l *loop) { l.plans[1].Listeners[1].Leaving = true }))
	require.Equal(t, r.listening()[:1], r.targets())
	require.Equal(t, record.ReloadLive, r.reload(record.ReloadRequest{}, record.ReloadLive).State)
	require.Equal(t, r.listening(), r.targets())
	require.Len(t, r.targets(), 1)
	require.NoError(t, r.ask(func(l *loop) { l.closeListeners() }))
	require.Empty(t, r.targets())
}

// A gauge sees nothing bad of a reload that loses nobody, and says what is bad of a worker that
// leaves whoever waits behind.
func TestAGaugeOnARealReload(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2}, "serves")
	r.ready(2)
	g := gauge.New(time.Millisecond, 2, gauge.Instruments{
		Endpoints:  r.targets,
		Queues:     func() (map[string]kernel.Queue, error) { return nil, nil },
		Counters:   func() (uint64, uint64, error) { return 0, 0, nil },
		Own:        &listen.OwnClients{},
		Generation: r.observer.Generations().Find,
	})
	defer func() { g.Stop(); <-g.Ended() }()
	for range 3 {
		require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	}
	until := func(enough func(record.Measured) bool) record.Measured {
		require.Eventually(t, func() bool { return enough(g.Reading()) }, patience, time.Millisecond)
		return g.Reading()
	}
	m := until(func(m record.Measured) bool { return m.Probes.Sent > 50 })
	require.Equal(t, m.Probes.Sent, m.Probes.OK)
	require.Positive(t, m.Probes.Slowest)
	require.Equal(t, m.Probes.OK, m.Probes.New+m.Probes.Older+m.Probes.Unknown)

	require.NoError(t, r.ask(func(l *loop) { // as if somebody had shut the listener down
		require.NoError(t, unix.Shutdown(l.plans[l.pool.ServingGeneration()].Listeners[0].First.FD, unix.SHUT_RDWR))
	}))
	until(func(m record.Measured) bool { return m.Probes.Refused > 0 })
}

func (r *running) targets() []listen.Spec {
	var list []listen.Spec
	_ = r.ask(func(l *loop) { list = l.targets() })
	return list
}

// Nothing else happens while a canary waits.
func TestWhoAsksForAWaitingReloadIsToldWhatIsMeasuredByThen(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2, Strategy: record.Strategy{Canary: 1}, ProbeInterval: time.Millisecond}, "serves")
	r.ready(2)
	asked, err := r.Reload(record.ReloadRequest{})
	require.NoError(t, err)
	probes := func() int {
		reload, err := r.ReloadByID(asked.ID)
		require.NoError(t, err)
		return reload.Probes.Sent
	}
	r.next(record.EventWorkerDraining)
	r.next(record.EventWorkerExited)
	atFirst := probes()
	require.Eventually(t, func() bool { return probes() > atFirst }, patience, 5*time.Millisecond)
}

// One program greets and closes before anybody can look, the other waits for its client to leave.
func TestARealReloadIsProvenByItsOwnGeneration(t *testing.T) {
	for _, child := range []string{"serves", "reads-to-the-end"} {
		t.Run(child, func(t *testing.T) {
			r := runMaster(t, plan.Spec{Workers: 2, ProbeInterval: 5 * time.Millisecond}, child)
			r.ready(2)
			reload := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
			require.Equal(t, record.Judgement{Lossless: new(true)}, reload.Judge(), "%+v", reload.Measured)
			require.Positive(t, reload.Probes.New)
			require.Positive(t, reload.Probes.Before)
			require.Positive(t, reload.Probes.After)
			if child == "reads-to-the-end" {
				require.Zero(t, reload.Probes.Unknown)
			}
		})
	}
}
