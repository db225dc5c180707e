package master

import (
	"context"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/plan"
	"rota/internal/record"
)

// However reloads end, the master has afterwards what it had before: who deploys every hour must not run out
// of anything in a year.
func TestReloadsLeaveNothingBehind(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would close forgotten files
	whole := plan.Spec{
		Workers: 2, Command: []string{os.Args[0], "serves"}, Listen: []listen.Spec{loopback},
		ProbeInterval: 10 * time.Millisecond, Checks: []record.Check{{Kind: record.CheckTCP}},
	}
	var spec atomic.Pointer[plan.Spec]
	spec.Store(&whole)
	var ill atomic.Bool
	r := runMasterWith(t, Options{
		Spec:   whole,
		Reread: func() (plan.Spec, error) { return *spec.Load(), nil },
		Check:  func(context.Context, Round) record.Result { return record.Result{OK: !ill.Load(), Passed: 1} },
	}, "")
	r.ready(2)
	runs := func(program string) func(*plan.Spec) {
		return func(s *plan.Spec) { s.Command = []string{os.Args[0], program} }
	}
	soaks := func(s *plan.Spec) { s.Strategy.Soak = time.Hour }
	abort := func(id string) {
		_, err := r.Control(id, record.VerbAbort, "")
		require.NoError(t, err)
	}
	canary := func(s *plan.Spec) {
		s.Command = []string{os.Args[0], "converses", "/nowhere"}
		s.Strategy.Canary = 1
	}
	asked := func(end func(id string)) func(id string) {
		return func(id string) {
			reload, err := r.WaitCanary(t.Context(), id)
			require.NoError(t, err)
			_, err = talk(reload.CanaryAddress[0].Address, "hello")
			require.NoError(t, err)
			open, err := net.Dial("tcp", reload.CanaryAddress[0].Address)
			require.NoError(t, err)
			defer open.Close()
			_, err = open.Read(make([]byte, 1))
			require.NoError(t, err)
			end(id)
		}
	}

	for _, kind := range []struct {
		name   string
		change func(*plan.Spec)
		during func(id string) // is done to it
		end    record.EventType
	}{
		{"they complete", func(*plan.Spec) {}, func(string) {}, record.EventReloadCompleted},
		{"all at once", func(s *plan.Spec) { s.Strategy.Surge = record.Surge{Percent: 100} }, func(string) {}, record.EventReloadCompleted},
		{"the program is missing", func(s *plan.Spec) { s.Command = []string{"/nowhere"} }, func(string) {}, record.EventReloadFailed},
		{"a worker exits at once", runs("exits-3"), func(string) {}, record.EventReloadFailed},
		{"a worker is not ready in time", func(s *plan.Spec) {
			runs("never-ready")(s)
			s.StartTimeout = time.Millisecond
		}, func(string) {}, record.EventReloadFailed},
		{"aborted early", runs("never-ready"), func(id string) {
			r.next(record.EventWorkerStarted)
			abort(id)
		}, record.EventReloadAborted},
		{"aborted late", soaks, func(id string) {
			r.next(record.EventReloadLive)
			abort(id)
		}, record.EventReloadAborted},
		{"a worker dies on trial", soaks, func(string) {
			r.next(record.EventReloadLive)
			r.killOne()
		}, record.EventReloadFailed},
		{"a check fails on trial", soaks, func(string) {
			r.next(record.EventReloadLive)
			ill.Store(true)
		}, record.EventReloadFailed},
		{"the canary is asked and promoted", canary, asked(func(id string) { r.tell(id, record.VerbPromote) }), record.EventReloadCompleted},
		{"the canary is asked and taken back", canary, asked(abort), record.EventReloadAborted},
		{"the old workers are killed", func(s *plan.Spec) {
			runs("holds-connections")(s)
			s.DrainTimeout = time.Millisecond
		}, func(string) {}, record.EventReloadCompleted},
	} {
		t.Run(kind.name, func(t *testing.T) {
			r.t = t
			next := whole
			kind.change(&next)
			spec.Store(&next)
			round := func() {
				asked, err := r.Reload(record.ReloadRequest{})
				require.NoError(t, err)
				kind.during(asked.ID)
				require.Equal(t, kind.end, r.next(record.EventReloadCompleted, record.EventReloadFailed, record.EventReloadAborted).Type)
				ill.Store(false)
			}
			round() // what the first one opens may stay
			goroutines, files := runtime.NumGoroutine(), len(openFiles())
			const rounds = 6 // more than come and go by themselves, so that one of each reload shows
			for range rounds {
				round()
			}
			require.Eventually(t, func() bool {
				const own = 1 // that this is called in
				return runtime.NumGoroutine() <= goroutines+own && len(openFiles()) <= files
			}, patience, time.Millisecond)
		})
	}
}
