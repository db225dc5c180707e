package master

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/plan"
	"rota/internal/process"
	"rota/internal/record"
)

// What the workers have done in time, and what is heard of it only after the time: as when the master stood still.

// lately has something have happened to the process that is heard of once somebody asks what has arrived after so long.
func (f *fakeProcess) lately(after time.Duration, happened func()) {
	began, told := time.Now(), false
	f.late = func() func() bool {
		if time.Since(began) < after || told {
			return func() bool { return false }
		}
		told = true
		heard := new(atomic.Bool)
		go func() { happened(); heard.Store(true) }()
		return func() bool { return !heard.Load() }
	}
}

func TestAWorkerThatWasReadyInTimeIsReady(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, StartTimeout: 10 * time.Second}, func(p *fakeProcess) {
		p.obeys = true
		p.lately(10*time.Second, func() { p.noted <- process.Note{Ready: true} })
	}, func(b *bench) {
		time.Sleep(time.Minute)
		require.Equal(t, 1, b.status().Ready)
		require.Equal(t, 1, b.status().Totals.WorkersStarted)
	})
}

func TestAWorkerThatAskedForMoreTimeHasIt(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, StartTimeout: 10 * time.Second}, func(p *fakeProcess) {
		p.obeys = true
		p.lately(10*time.Second, func() { p.noted <- process.Note{ExtendTimeout: time.Hour} })
		time.AfterFunc(time.Minute, func() { p.noted <- process.Note{Ready: true} })
	}, func(b *bench) {
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, b.status().Totals.WorkersStarted)
	})
}

func TestAWorkerThatHadFedItsWatchdogLives(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, Watchdog: 10 * time.Second}, func(p *fakeProcess) {
		p.noted <- process.Note{Ready: true}
		p.lately(10*time.Second, func() { p.noted <- process.Note{FeedsWatchdog: true} })
	}, func(b *bench) {
		time.Sleep(19 * time.Second)
		require.Empty(t, b.signalsOf(0))
		time.Sleep(2 * time.Second)
		require.Equal(t, []syscall.Signal{syscall.SIGABRT}, b.signalsOf(0))
	})
}

// It has not lived that long if it has ended.
func TestAWorkerThatHadEndedIsNotReadyBecauseItLived(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyDelay, Delay: 2 * time.Second}}, func(p *fakeProcess) {
		p.lately(2*time.Second, func() { p.exit(process.ExitStatus{Code: 3}) })
	}, func(b *bench) {
		time.Sleep(2*time.Second + time.Millisecond)
		require.Zero(t, b.status().Ready)
		w, err := b.Worker(b.processes[0].spec.Worker)
		require.NoError(t, err)
		require.Zero(t, w.ReadyAt)
		require.Equal(t, 3, w.Exit.Code)
	})
}

func TestAWorkerThatHadDrainedIsNotKilled(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, DrainTimeout: time.Minute}, func(p *fakeProcess) {
		p.noted <- process.Note{Ready: true}
		p.lately(30*time.Second, func() { p.exit(process.ExitStatus{}) })
	}, func(b *bench) {
		b.from(soon(0))
		r, err := b.Reload(record.ReloadRequest{})
		require.NoError(t, err)
		b.wait(r.ID, record.ReloadLive)
		r = b.wait(r.ID, record.ReloadCompleted)
		require.Zero(t, r.ConnectionsCut)
		require.Equal(t, []syscall.Signal{syscall.SIGTERM}, b.signalsOf(0))
	})
}

// A reload has not passed its trial if one of its workers has ended in it.
func TestATrialIsNotPassedBeforeTheWorkersAreHeard(t *testing.T) {
	for name, strategy := range map[string]record.Strategy{
		"soak":                  {Soak: time.Minute},
		"soak of the canary":    {Canary: 1, CanarySoak: time.Minute},
		"pause between batches": {PauseBetween: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, plan.Spec{Workers: 2, Strategy: strategy}, soon(0), func(b *bench) {
				b.from(func(p *fakeProcess) {
					soon(0)(p)
					p.lately(time.Minute, func() { p.exit(process.ExitStatus{Code: 3}) })
				})
				r, err := b.Reload(record.ReloadRequest{})
				require.NoError(t, err)
				time.Sleep(30 * time.Second)
				b.from(soon(0))
				r = b.wait(r.ID, record.ReloadLive)
				require.Equal(t, record.ReloadFailed, r.State)
				require.Contains(t, r.Failure.Message, "exited with code 3")
				require.LessOrEqual(t, r.Replaced, 2)
			})
		})
	}
}
