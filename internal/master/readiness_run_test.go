package master

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
)

// readyAfter starts one worker whose process does as told, and returns when, and by what, it got ready.
func readyAfter(t *testing.T, ready Readiness, behave func(*fakeProcess)) (after time.Duration, how string) {
	t.Helper()
	inBubble(t, Spec{Workers: 1, Ready: ready}, behave, func(b *bench) {
		began := time.Now()
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		defer s.Close()
		for _, e := range s.Backlog {
			require.NotEqual(t, EventWorkerReady, e.Type)
		}
		for e := range s.C {
			if e.Type == EventWorkerReady {
				after, how = time.Since(began), e.Message
				return
			}
			if e.Type == EventWorkerDraining {
				how = e.Message
				return
			}
		}
	})
	return after, how
}

func TestOnlyTheFirstSignOfReadinessCounts(t *testing.T) {
	accepts := func(p *fakeProcess) {
		soon(2 * time.Second)(p)
		p.shows("", kernel.Wait{Blocked: true})
	}
	inBubble(t, Spec{Workers: 1, Ready: Readiness{Kind: ReadyAuto}}, accepts, func(b *bench) {
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		defer s.Close()
		n := 0
		for _, e := range s.Backlog {
			if e.Type == EventWorkerReady {
				n++
			}
		}
		require.Equal(t, 1, n)
	})
}

// feeds says READY=1 at once and feeds the watchdog every second for a while.
func feeds(times int) func(*fakeProcess) {
	return func(p *fakeProcess) {
		go func() {
			p.noted <- note{ready: true}
			for range times {
				time.Sleep(time.Second)
				p.noted <- note{alive: true}
			}
		}()
	}
}

// signalsOf are those that the nth process has got so far. Asking the master afterwards puts the
// reading before whatever is written next.
func (b *bench) signalsOf(n int) []syscall.Signal {
	b.t.Helper()
	synctest.Wait()
	list := slices.Clone(b.processes[n].signals)
	b.status()
	return list
}

func TestAWorkerThatGoesSilentIsAbortedAndReplacedAtOnce(t *testing.T) {
	inBubble(t, Spec{Workers: 1, Watchdog: 3 * time.Second}, feeds(4), func(b *bench) {
		b.from(soon(0))
		time.Sleep(6 * time.Second)
		require.Empty(t, b.signalsOf(0), "it was fed at 4 s")
		require.Equal(t, 1, b.status().Totals.WorkersStarted)

		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, []syscall.Signal{syscall.SIGABRT}, b.signalsOf(0))
		require.Equal(t, 2, b.status().Totals.WorkersStarted, "its place is taken while it dies")
		require.Equal(t, 1, b.status().Ready)
		require.Equal(t, 1, b.status().Totals.WorkersDied)

		time.Sleep(abortGrace)
		require.Equal(t, []syscall.Signal{syscall.SIGABRT, syscall.SIGKILL}, b.signalsOf(0))
		gone, err := b.Worker(b.processes[0].spec.worker)
		require.NoError(t, err)
		require.Equal(t, 2, gone.Exit.Cut, "what it still had is counted, once")
	})
}

func TestAWatchdogWaitsForReadyAndEndsWithTheDrain(t *testing.T) {
	inBubble(t, Spec{Workers: 1, Watchdog: time.Second, DrainTimeout: time.Minute}, func(p *fakeProcess) {
		time.AfterFunc(5*time.Second, func() { p.noted <- note{ready: true} })
	}, func(b *bench) {
		time.Sleep(5500 * time.Millisecond)
		require.Empty(t, b.signalsOf(0))
		b.Shutdown()
		time.Sleep(30 * time.Second)
		require.Equal(t, []syscall.Signal{syscall.SIGTERM}, b.signalsOf(0))
	})
}

func TestAWorkerMayAskForItsOwnEnd(t *testing.T) {
	inBubble(t, Spec{Workers: 1, Watchdog: time.Hour}, soon(0), func(b *bench) {
		b.processes[0].noted <- note{trigger: true}
		require.Equal(t, syscall.SIGABRT, b.signalsOf(0)[0])
	})
}

func TestANewWorkerThatGoesSilentFailsTheReload(t *testing.T) {
	inBubble(t, Spec{Workers: 2, Watchdog: 3 * time.Second}, feeds(100), func(b *bench) {
		b.from(func(p *fakeProcess) {
			p.obeys = true
			wait := time.Duration(p.number-102) * time.Minute // the second one takes its time
			time.AfterFunc(wait-time.Minute, func() { p.noted <- note{ready: true} })
		})
		require.NoError(t, b.ask(func(l *loop) { l.pool.terms[1] = terms{workers: 2, startTimeout: time.Hour, drainTimeout: time.Hour} }))
		r, err := b.Reload(ReloadRequest{StartTimeout: time.Hour})
		require.NoError(t, err)
		failed := b.wait(r.ID, ReloadLive)
		require.Equal(t, ReloadFailed, failed.State)
		require.Contains(t, failed.Failure.Message, "the new worker of slot 0 missed its watchdog: it said nothing for 3s")
	})
}

func probeForTest(ctx context.Context, address, path string, _ []string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		return errors.New(response.Status)
	}
	return nil
}

func TestAProbeSeesWhatTheWorkerDoes(t *testing.T) {
	for text, how := range map[string]string{
		"tcp":         "it accepted a connection",
		"http:/ready": "it answered GET /ready",
	} {
		t.Run(text, func(t *testing.T) {
			ready, err := ParseReadiness(text)
			require.NoError(t, err)
			r := runMasterWith(t, Options{Spec: Spec{Workers: 1, Ready: ready}, Probe: probeForTest}, "probed")
			e := r.next(EventWorkerReady, EventWorkerExited)
			require.Equal(t, EventWorkerReady, e.Type, r.log)
			require.Contains(t, e.Message, how)
			require.GreaterOrEqual(t, e.Worker.ReadyAt.Sub(e.Worker.StartedAt), 300*time.Millisecond)
		})
	}
}

// The kernel makes a connection as soon as somebody listens, and the master does.
func TestAConnectionThatNobodyAcceptsIsNoReadiness(t *testing.T) {
	for _, kind := range []ReadyKind{ReadyTCP, ReadyHTTP} {
		t.Run(string(kind), func(t *testing.T) {
			o := Options{Spec: Spec{Workers: 1, Ready: Readiness{Kind: kind, Path: "/up"}, StartTimeout: time.Second}, Probe: probeForTest}
			message := runMasterWith(t, o, "never-ready").next(EventWorkerReady, EventWorkerDraining).Message
			require.Regexp(t, `was not ready in \d.*; nobody has accepted the connections there, so the program does not serve that additional socket`, message)
		})
	}
}

func TestAnAnswerThatDoesNotComeIsNotAConnectionThatNobodyAccepts(t *testing.T) {
	for child, why := range map[string]string{"probed-silent": "; it accepts connections there, and says nothing", "probed-unwell": "; the latest probe: 503 Service Unavailable"} {
		t.Run(child, func(t *testing.T) {
			o := Options{Spec: Spec{Workers: 1, Ready: Readiness{Kind: ReadyHTTP, Path: "/up"}, StartTimeout: time.Second}, Probe: probeForTest}
			message := runMasterWith(t, o, child).next(EventWorkerReady, EventWorkerDraining).Message
			require.Contains(t, message, "it did not answer GET /up on the listener probe with a status below 400"+why)
		})
	}
}

func TestALineThatMatchesMakesReady(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1, Ready: Readiness{Kind: ReadyLog, Pattern: regexp.MustCompile(`^still th.*ing$`)}}, "never-ready")
	require.Contains(t, r.next(EventWorkerReady, EventWorkerExited).Message, "it printed a line that matches ^still th.*ing$")
}

func TestEinhornsAcknowledgementMakesReady(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "acknowledges")
	e := r.next(EventWorkerReady, EventWorkerExited)
	require.Equal(t, EventWorkerReady, e.Type, r.log)
	require.Contains(t, e.Message, "einhorn")
	directory := r.launcher.acks.Path()
	require.DirExists(t, directory)
	r.Kill()
	<-r.done
	require.Eventually(t, func() bool { _, err := os.Stat(directory); return os.IsNotExist(err) }, patience, time.Millisecond)
}

func TestTheProbedListenersPortCanBeAnArgument(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1, Ready: Readiness{Kind: ReadyTCP}, Command: []string{os.Args[0], "probed", "{fd:probe}", "{port:probe}"}}, "")
	r.ready(1)
}

// What einhorn's clients need must not keep others from starting.
func TestWorkersStartWhereverTheAckSocketsWouldBe(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep", 20))
	require.NoError(t, os.Mkdir(deep, 0o700))
	t.Setenv("TMPDIR", deep)
	r := runMaster(t, Spec{Workers: 1}, "acknowledges")
	r.ready(1)
}

func TestTheDirectoryOfTheAckSocketsIsMadeAgain(t *testing.T) {
	r := runMaster(t, Spec{Workers: 1}, "acknowledges")
	r.ready(1)
	require.NoError(t, os.RemoveAll(r.launcher.acks.Path()))
	require.Equal(t, ReloadLive, r.reload(ReloadRequest{}, ReloadLive).State)
}
