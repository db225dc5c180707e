package master

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
	"rota/internal/testbuffer"
)

// These tests run real processes: this test binary as a worker (see main_test.go).

const patience = time.Minute

// running is a master under test, with its events.
type running struct {
	*Master
	t      *testing.T
	events *Subscription
	log    *testbuffer.Buffer
}

// runMaster starts a master whose workers are the named child, and ends it with the test.
func runMaster(t *testing.T, spec plan.Spec, child string) *running {
	t.Helper()
	return runMasterWith(t, Options{Spec: spec}, child)
}

func runMasterWith(t *testing.T, o Options, child string) *running {
	t.Helper()
	r := &running{t: t, log: &testbuffer.Buffer{}}
	if o.Command == nil {
		o.Command = []string{os.Args[0], child}
	}
	if o.Listen == nil {
		o.Listen = []listen.Spec{loopback}
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	o.Log = zerolog.New(r.log)
	m, err := New(o)
	require.NoError(t, err)
	r.Master = m
	ended := make(chan struct{})
	go func() { m.Run(); close(ended) }()
	r.events, err = m.Subscribe(0)
	require.NoError(t, err)
	t.Cleanup(func() {
		m.Kill()
		<-ended
	})
	return r
}

// loopback is where tests listen.
var loopback = listen.Spec{Name: "tcp", Network: "tcp", Address: "127.0.0.1:0"}

// next returns the next event of one of the types.
func (r *running) next(types ...record.EventType) record.Event {
	r.t.Helper()
	take := func(e record.Event) bool { return slices.Contains(types, e.Type) }
	for len(r.events.Backlog) > 0 {
		e := r.events.Backlog[0]
		r.events.Backlog = r.events.Backlog[1:]
		if take(e) {
			return e
		}
	}
	timeout := time.After(patience)
	for {
		select {
		case e, ok := <-r.events.C:
			require.True(r.t, ok, "the stream ended while waiting for %v", types)
			if take(e) {
				return e
			}
		case <-timeout:
			require.FailNow(r.t, "no event", "waited for %v; log:\n%s", types, r.log)
		}
	}
}

// workers are those that are there, and the generation that serves.
func (r *running) workers() ([]record.Worker, int) {
	r.t.Helper()
	s, err := r.Status()
	require.NoError(r.t, err)
	return s.Workers, s.Generation
}

func (r *running) ready(n int) {
	r.t.Helper()
	for range n {
		r.next(record.EventWorkerReady)
	}
}

func (r *running) reload(request record.ReloadRequest, target record.ReloadState) record.Reload {
	r.t.Helper()
	asked, err := r.Reload(request)
	require.NoError(r.t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reload, err := r.Wait(ctx, asked.ID, target)
	require.NoError(r.t, err)
	return reload
}

// listening is where the generation that serves can be reached.
func (r *running) listening() []listen.Spec {
	r.t.Helper()
	s, err := r.Status()
	require.NoError(r.t, err)
	return s.Listeners
}

// inOwnProcess runs the calling test again in a process of its own, and reports whether this is the one that did. What
// counts the descriptors or goroutines of the process must not count those of other tests.
func inOwnProcess(t *testing.T) bool {
	t.Helper()
	const mark = "ROTA_TEST_IN_OWN_PROCESS"
	if os.Getenv(mark) != "" {
		return false
	}
	command := childTest(t)
	command.Env = append(os.Environ(), mark+"=1")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: "+t.Name())
	return true
}

// childTest is the calling test, to be run in a process of its own.
func childTest(t *testing.T) *exec.Cmd {
	t.Helper()
	return exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
}
