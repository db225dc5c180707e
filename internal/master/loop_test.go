package master

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/observer"
	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
	"rota/internal/record"
)

// These tests run the loop and its minders on a fake clock, above processes that the test
// drives by hand.

// fakeProcess does what the test says and remembers the signals it got.
type fakeProcess struct {
	spec    process.LaunchSpec
	number  int
	noted   chan process.Note
	printed chan output.Chunk
	end     chan process.ExitStatus
	signals []syscall.Signal
	obeys   bool // leaves when it gets SIGTERM

	late func() (pending func() bool) // what has arrived; nil: nothing that is not in a channel

	seen atomic.Pointer[observer.Glance] // what a look at it shows; nil: that it does nothing
}

// shows is what looks show from now on: how it waits at each of its stream listeners, in their order.
func (f *fakeProcess) shows(unseen kernel.Unseen, waits ...kernel.Wait) {
	g := observer.Glance{Unseen: unseen, Waits: map[uint64]kernel.Wait{}}
	for i, wait := range waits {
		g.Waits[f.spec.Sockets[i].Kernel.Inode] = wait
	}
	f.seen.Store(&g)
}

func (f *fakeProcess) Arrived() func() bool {
	if f.late == nil {
		return func() bool { return false }
	}
	return f.late()
}

func (f *fakeProcess) PID() int                         { return f.number }
func (f *fakeProcess) Notes() <-chan process.Note       { return f.noted }
func (f *fakeProcess) Output() <-chan output.Chunk      { return f.printed }
func (f *fakeProcess) Ended() <-chan process.ExitStatus { return f.end }
func (f *fakeProcess) Close()                           {}
func (f *fakeProcess) Spare()                           {}
func (f *fakeProcess) Root() kernel.Root                { return kernel.Root{} }
func (f *fakeProcess) WhyUnready() string               { return "" }

func (f *fakeProcess) Signal(sig syscall.Signal, _ bool) {
	f.signals = append(f.signals, sig)
	switch {
	case sig == syscall.SIGKILL:
		f.exit(process.ExitStatus{Code: -1, Signal: "SIGKILL"})
	case f.obeys:
		f.exit(process.ExitStatus{})
	}
}

func (f *fakeProcess) exit(s process.ExitStatus) {
	select {
	case f.end <- s:
	default: // it is gone already
	}
}

// bench is a master in a bubble with its fake processes.
type bench struct {
	*Master
	t         *testing.T
	behave    func(*fakeProcess) // called for each new process
	processes []*fakeProcess
	launched  []time.Time
	fail      error       // of the next launches
	blind     atomic.Bool // the kernel does not tell of connections
}

// inBubble runs the master, and the test against it, on a fake clock.
func inBubble(t *testing.T, spec plan.Spec, behave func(*fakeProcess), test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		spec.Command = []string{os.Args[0]}
		if spec.Listen == nil {
			spec.Listen = []listen.Spec{loopback}
		}
		o := Options{Spec: spec, Log: zerolog.Nop()}
		b := &bench{Master: newMaster(o), t: t, behave: behave}
		first, err := b.planner.plan(spec, nil, nil)
		require.NoError(t, err)
		b.begin(first)
		b.loop.launch = b.launchFake
		b.observer.Looks.Glance = b.glanceFake
		b.loop.search = func(*listen.Binding, listen.Spec) {}
		b.loop.listenLoopback = func() (*net.TCPListener, error) {
			return nil, errors.New("who waits for the network is not idle for the clock")
		}
		b.observer.Looks.Families = func([]string) (map[string]kernel.Family, error) { return nil, nil }
		b.observer.Looks.Held = func(workers []string) (map[string][]listen.Connection, error) {
			if b.blind.Load() {
				return nil, syscall.EIO
			}
			held := map[string][]listen.Connection{}
			for _, id := range workers {
				held[id] = []listen.Connection{{WorkerID: id}, {WorkerID: id}}
			}
			return held, nil
		}
		go b.serve()
		synctest.Wait()
		test(b)
		b.Kill()
		<-b.done
	})
}

// launchFake is called by minders, several at a time; the loop serves as the one goroutine
// that owns the bench's fields.
func (b *bench) launchFake(spec process.LaunchSpec) (process.Process, error) {
	p := &fakeProcess{spec: spec, noted: make(chan process.Note, 1), printed: make(chan output.Chunk), end: make(chan process.ExitStatus, 1)}
	close(p.printed)
	var failure error
	err := b.ask(func(*loop) {
		if failure = b.fail; failure != nil {
			return
		}
		b.processes = append(b.processes, p)
		b.launched = append(b.launched, time.Now())
		p.number = 100 + len(b.processes)
		b.behave(p)
	})
	return p, errors.Join(err, failure)
}

func (b *bench) glanceFake(worker string, _ []kernel.Listener) observer.Glance {
	var shown *observer.Glance
	_ = b.ask(func(*loop) {
		for _, p := range b.processes {
			if p.spec.Worker == worker {
				shown = p.seen.Load()
			}
		}
	})
	if shown == nil {
		return observer.Glance{}
	}
	return *shown
}

// from now on processes behave like this.
func (b *bench) from(behave func(*fakeProcess)) {
	b.t.Helper()
	require.NoError(b.t, b.ask(func(*loop) { b.behave = behave }))
}

// failing makes the next launches fail, or, with nil, succeed again.
func (b *bench) failing(err error) {
	b.t.Helper()
	require.NoError(b.t, b.ask(func(*loop) { b.fail = err }))
}

func (b *bench) status() Status {
	b.t.Helper()
	s, err := b.Status()
	require.NoError(b.t, err)
	return s
}

func (b *bench) wait(id string, target record.ReloadState) record.Reload {
	b.t.Helper()
	r, err := b.Wait(context.Background(), id, target)
	require.NoError(b.t, err)
	return r
}

func (b *bench) askReload() record.Reload {
	b.t.Helper()
	r, err := b.Reload(record.ReloadRequest{})
	require.NoError(b.t, err)
	return r
}

// soon makes the process ready after a delay, obeying SIGTERM.
func soon(after time.Duration) func(*fakeProcess) {
	return func(p *fakeProcess) {
		p.obeys = true
		time.AfterFunc(after, func() { p.noted <- process.Note{Ready: true} })
	}
}

func TestStartTimeoutFailsTheReload(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 2, StartTimeout: 5 * time.Second}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, b.status().Ready)
		b.from(func(*fakeProcess) {}) // never ready, deaf to SIGTERM

		began := time.Now()
		failed := b.wait(b.askReload().ID, record.ReloadLive)
		require.Equal(t, record.ReloadFailed, failed.State)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.Equal(t, "the new worker of slot 0 was not ready in 5s: it did not say READY=1", failed.Failure.Message)
		require.Equal(t, 2, b.status().Ready)
		require.Equal(t, 1, b.status().Draining)

		time.Sleep(100 * time.Second) // the drain timeout
		synctest.Wait()
		require.Equal(t, []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}, b.processes[2].signals)
		require.Zero(t, b.status().Draining)
	})
}

func TestACrashLoopBacksOffAndIsReported(t *testing.T) {
	dies := func(p *fakeProcess) { p.exit(process.ExitStatus{Code: 1}) }
	inBubble(t, plan.Spec{Workers: 1}, dies, func(b *bench) {
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Less(t, len(b.launched), 45, "no growing delay")
		require.Greater(t, len(b.launched), 20, "the delay has no cap")
		var longest time.Duration
		for i := range b.launched[1:] {
			longest = max(longest, b.launched[i+1].Sub(b.launched[i]))
		}
		require.Zero(t, b.launched[1].Sub(b.launched[0]), "the first death is made good at once")
		require.LessOrEqual(t, longest, 30*time.Second)
		require.Greater(t, longest, 15*time.Second)
		require.Equal(t, []int{0}, b.status().Looping)
		require.False(t, b.status().Serving())

		b.from(soon(time.Millisecond))
		time.Sleep(time.Minute)
		require.Empty(t, b.status().Looping)
		require.True(t, b.status().Serving())
	})
}

func TestSlotsThatCrashTogetherDoNotRetryTogether(t *testing.T) {
	dies := func(p *fakeProcess) { p.exit(process.ExitStatus{Code: 1}) }
	inBubble(t, plan.Spec{Workers: 2}, dies, func(b *bench) {
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		launched := [2][]time.Time{}
		for i, p := range b.processes {
			launched[p.spec.Slot] = append(launched[p.spec.Slot], b.launched[i])
		}
		retries := min(len(launched[0]), len(launched[1]))
		require.Greater(t, retries, 6)
		for i := 2; i < retries; i++ { // the first death is made good at once
			require.NotEqual(t, launched[0][i].Sub(launched[0][i-1]), launched[1][i].Sub(launched[1][i-1]), "retry %d", i-1)
		}
	})
}

func TestASlotThatWaitsIsToldWithItsLastWorker(t *testing.T) {
	dies := func(p *fakeProcess) { p.exit(process.ExitStatus{Code: 4}) }
	inBubble(t, plan.Spec{Workers: 1}, dies, func(b *bench) {
		s := b.status() // no time has passed: the second death is the one that has to wait
		require.Len(t, s.Waiting, 1)
		waiting := s.Waiting[0]
		require.Zero(t, waiting.Slot)
		require.Equal(t, 2, waiting.Deaths)
		require.Equal(t, b.processes[1].spec.Worker, waiting.Last.ID)
		require.Equal(t, 4, waiting.Last.Exit.Code)
		require.True(t, waiting.NextTry.After(time.Now()))
		require.Equal(t, 2, s.Totals.WorkersDied)

		b.from(soon(time.Millisecond))
		time.Sleep(time.Second)
		require.Empty(t, b.status().Waiting)
		require.Equal(t, 1, b.status().Ready)
		require.Equal(t, 2, b.status().Workers[0].Restarts)
		require.Equal(t, waiting.Last.ID, b.status().Workers[0].Predecessor)
		require.False(t, b.status().Workers[0].StartedAt.Before(waiting.NextTry))
		b.wait(b.askReload().ID, record.ReloadLive)
		require.Empty(t, b.status().Workers[0].Predecessor, "that was another generation's")
	})
}

func TestAWorkerThatIsReadyTooLateIsKilledAllTheSame(t *testing.T) {
	deaf := func(*fakeProcess) {}
	spec := plan.Spec{Workers: 1, StartTimeout: 5 * time.Second, DrainTimeout: 20 * time.Second}
	inBubble(t, spec, deaf, func(b *bench) {
		b.from(soon(time.Millisecond))
		time.Sleep(6 * time.Second)
		synctest.Wait()
		late := b.processes[0]
		require.Equal(t, []syscall.Signal{syscall.SIGTERM}, late.signals)
		late.noted <- process.Note{Ready: true}
		time.Sleep(18 * time.Second)
		synctest.Wait()
		require.Equal(t, []syscall.Signal{syscall.SIGTERM}, late.signals, "it has its drain timeout")
		require.Equal(t, 1, b.status().Draining)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}, late.signals)
		require.Zero(t, b.status().Draining)
	})
}

func TestAWaitThatIsGivenUpLeavesNoWaiter(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		b.from(func(*fakeProcess) {})
		id := b.askReload().ID
		waiters := func() (n int) {
			require.NoError(t, b.ask(func(l *loop) { n = len(l.waiters) }))
			return n
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		patient := make(chan record.Reload, 1)
		go func() {
			r, _ := b.Wait(context.Background(), id, record.ReloadLive)
			patient <- r
		}()
		synctest.Wait()
		_, err := b.Wait(ctx, id, record.ReloadLive)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 1, waiters(), "the other one still waits")
		require.Equal(t, record.ReloadFailed, (<-patient).State)
		require.Zero(t, waiters())
	})
}

func TestAProgramThatCannotBeLaunchedIsTriedAgain(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Millisecond), func(b *bench) {
		b.failing(syscall.EAGAIN)
		time.Sleep(time.Second)
		b.processes[0].exit(process.ExitStatus{Code: 1})
		time.Sleep(10 * time.Second)
		require.Zero(t, b.status().Ready)
		b.failing(nil)
		time.Sleep(time.Minute)
		require.Equal(t, 1, b.status().Ready)
	})
}

func TestAReloadDuringAReloadBeginsWhenTheFirstIsLive(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 2}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		first := b.askReload()
		time.Sleep(500 * time.Millisecond)
		second, third := b.askReload(), b.askReload()
		require.Equal(t, record.ReloadQueued, second.State)
		require.Equal(t, second.ID, third.ID, "both callers share the queued reload")

		live := b.wait(first.ID, record.ReloadLive)
		done := b.wait(second.ID, record.ReloadCompleted)
		require.Equal(t, record.ReloadCompleted, done.State)
		require.Equal(t, live.LiveAt, done.StartedAt)
		require.Equal(t, 3, done.Generation)
		require.Equal(t, 2, b.status().Totals.ReloadsCompleted)
	})
}

func TestShutdownDuringAReloadAbortsItAndDrainsEverybody(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 2}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		rolling := b.askReload()
		time.Sleep(500 * time.Millisecond)
		queued := b.askReload()
		waited := make(chan record.Reload, 1)
		go func() {
			r, _ := b.Wait(context.Background(), rolling.ID, record.ReloadCompleted)
			waited <- r
		}()
		synctest.Wait()
		b.processes[0].obeys = false // one worker needs its time
		b.Shutdown()
		require.Equal(t, record.ReloadAborted, (<-waited).State)
		require.Equal(t, record.ReloadAborted, b.wait(queued.ID, record.ReloadLive).State)
		_, err := b.Reload(record.ReloadRequest{})
		require.ErrorIs(t, err, record.ErrStopping)
		require.ErrorIs(t, b.Scale(1), record.ErrStopping)
		require.True(t, b.status().Stopping)

		began := time.Now()
		<-b.done
		require.Equal(t, 100*time.Second, time.Since(began), "the drain timeout")
		require.Equal(t, syscall.SIGTERM, b.processes[0].signals[0])
		require.Equal(t, syscall.SIGTERM, b.processes[1].signals[0])
		require.Equal(t, []syscall.Signal{syscall.SIGKILL}, b.processes[2].signals, "it was never ready")
		require.Len(t, b.processes, 3, "no worker is started any more")
		_, err = b.Status()
		require.ErrorIs(t, err, ErrStopped)
	})
}

func TestKillDoesNotWait(t *testing.T) {
	deaf := func(p *fakeProcess) { soon(time.Second)(p); p.obeys = false }
	inBubble(t, plan.Spec{Workers: 2}, deaf, func(b *bench) {
		time.Sleep(2 * time.Second)
		began := time.Now()
		b.Shutdown()
		time.Sleep(time.Second)
		b.Kill()
		<-b.done
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestWhatWasCutIsCountedOnce(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, func(p *fakeProcess) { soon(time.Second)(p); p.obeys = false }, func(b *bench) {
		time.Sleep(2 * time.Second)
		reload := b.askReload()
		b.wait(reload.ID, record.ReloadLive)
		synctest.Wait() // what it had before it was told to stop has been counted
		asked := 0
		require.NoError(b.t, b.ask(func(l *loop) {
			l.minders[b.processes[0].spec.Worker].Connections = func(string, time.Duration) ([]listen.Connection, bool) {
				asked++
				return make([]listen.Connection, 800/asked), true
			}
		}))
		b.Kill()
		b.Kill()
		<-b.done
		require.Equal(t, 1, asked, "a dead process has no connections")
		require.Equal(t, 800, b.loop.pool.Reload(reload.ID).ConnectionsCut)
	})
}

func TestWhatWasCutUnseenIsSaidToBeUnknown(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		old := b.processes[0]
		old.obeys = false
		reload := b.wait(b.askReload().ID, record.ReloadLive)
		require.False(t, reload.CutUnknown)
		b.blind.Store(true)
		done := b.wait(reload.ID, record.ReloadCompleted)
		require.True(t, done.CutUnknown)
		require.Zero(t, done.ConnectionsCut)
		w, err := b.Worker(old.spec.Worker)
		require.NoError(t, err)
		require.Equal(t, "SIGKILL", w.Exit.Signal)
		require.True(t, w.Exit.CutUnknown)

		b.blind.Store(false)
		b.processes[1].obeys = false
		seen := b.wait(b.askReload().ID, record.ReloadCompleted)
		require.Equal(t, 2, seen.ConnectionsCut)
		require.False(t, seen.CutUnknown)
	})
}

func TestConnectionsOfDrainingWorkersAreCountedAndThoseCutAreReported(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		b.processes[0].obeys = false
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		reload := b.askReload()
		require.Equal(t, record.ReloadLive, b.wait(reload.ID, record.ReloadLive).State)
		time.Sleep(time.Second)
		require.Equal(t, 2, b.status().Reload.ConnectionsRemaining)
		done := b.wait(reload.ID, record.ReloadCompleted)
		require.Equal(t, 2, done.ConnectionsCut)
		require.Equal(t, 100*time.Second, done.FinishedAt.Sub(done.LiveAt))
		s.Close()
		progress := 0
		for e := range s.C {
			if e.Type == record.EventReloadProgress && e.Reload.ConnectionsRemaining == 2 {
				progress++
			}
		}
		require.Equal(t, 1, progress, "progress is told when it changes, and only then")
	})
}

func TestEventsArriveInOrderWithoutAGap(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 3}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		late, err := b.Subscribe(4)
		require.NoError(t, err)
		b.wait(b.askReload().ID, record.ReloadCompleted)
		late.Close()
		last := uint64(4)
		for _, e := range late.Backlog {
			require.Equal(t, last+1, e.Seq)
			last = e.Seq
		}
		for e := range late.C {
			require.Equal(t, last+1, e.Seq)
			last = e.Seq
		}
		require.False(t, late.Lost)
		require.Greater(t, last, uint64(20))

		future, err := b.Subscribe(1_000_000)
		require.NoError(t, err)
		require.True(t, future.Lost, "a number that this master has not given out")
		future.Close()

		recent, err := b.SubscribeRecent(5)
		require.NoError(t, err)
		require.Len(t, recent.Backlog, 5)
		require.False(t, recent.Lost)
		recent.Close()
		recent.Close()
	})
}

func TestASlowSubscriberIsCutOff(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(0), func(b *bench) {
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		for range subscriberBuffer + 10 {
			require.NoError(t, b.ask(func(l *loop) { l.do(pool.Publish{Event: record.Event{Type: record.EventPoolScaled}}) }))
		}
		n := 0
		for range s.C { // ends, because it was closed
			n++
		}
		require.Equal(t, subscriberBuffer, n)
	})
}

func TestOldEventsAreForgottenAndThatIsSaid(t *testing.T) {
	var l eventLog
	for range 3 * keepEvents {
		l.publish(record.Event{})
	}
	s := l.subscribe(1)
	require.True(t, s.Lost)
	require.GreaterOrEqual(t, len(s.Backlog), keepEvents)
	require.LessOrEqual(t, len(s.Backlog), keepEvents+moreEvents)
	require.Equal(t, uint64(3*keepEvents), s.Backlog[len(s.Backlog)-1].Seq)
	s = l.subscribe(3*keepEvents - 1)
	require.False(t, s.Lost)
	require.Len(t, s.Backlog, 1)
}

// Releases that live for so long once they serve, while an older worker does not let go of its client. The trial is that
// of programs.
func TestHowLongAReleaseLivesDecidesWhatItsReloadIs(t *testing.T) {
	for name, c := range map[string]struct {
		life  time.Duration // 0: for ever
		state record.ReloadState
		code  record.FailureCode // "": none
	}{
		"it stays":                            {0, record.ReloadCompleted, ""},
		"it dies on trial":                    {1500 * time.Millisecond, record.ReloadFailed, record.WorkerFailed},
		"it dies later, while others drain":   {3 * time.Second, record.ReloadCompleted, record.Unstable},
		"it dies when nobody drains any more": {time.Hour, record.ReloadCompleted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, plan.Spec{Workers: 2, Strategy: record.Strategy{Soak: 2 * time.Second}}, soon(time.Millisecond), func(b *bench) {
				time.Sleep(time.Second)
				b.processes[0].obeys = false // until the drain timeout
				b.from(func(p *fakeProcess) {
					soon(100 * time.Millisecond)(p)
					if c.life > 0 && p.spec.Generation == 2 {
						time.AfterFunc(100*time.Millisecond+c.life, func() { p.exit(process.ExitStatus{Code: 3}) })
					}
				})
				r := b.wait(b.askReload().ID, record.ReloadCompleted)
				require.Equal(t, c.state, r.State)
				if c.code == "" {
					require.Nil(t, r.Failure)
					return
				}
				require.Equal(t, c.code, r.Failure.Code)
				require.NotEmpty(t, r.Losses())
			})
		})
	}
}
