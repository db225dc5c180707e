package master

import (
	"context"
	"errors"
	"fmt"
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

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/plan"
	"rota/internal/process"
	"rota/internal/record"
)

// readyAfter starts one worker whose process does as told, and returns when, and by what, it got ready.
func readyAfter(t *testing.T, ready plan.Readiness, behave func(*fakeProcess)) (after time.Duration, how string) {
	t.Helper()
	inBubble(t, plan.Spec{Workers: 1, Ready: ready}, behave, func(b *bench) {
		began := time.Now()
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		defer s.Close()
		for _, e := range s.Backlog {
			require.NotEqual(t, record.EventWorkerReady, e.Type)
		}
		for e := range s.C {
			if e.Type == record.EventWorkerReady {
				after, how = time.Since(began), e.Message
				return
			}
			if e.Type == record.EventWorkerDraining {
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
	inBubble(t, plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyAuto}}, accepts, func(b *bench) {
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s, err := b.Subscribe(0)
		require.NoError(t, err)
		defer s.Close()
		n := 0
		for _, e := range s.Backlog {
			if e.Type == record.EventWorkerReady {
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
			p.noted <- process.Note{Ready: true}
			for range times {
				time.Sleep(time.Second)
				p.noted <- process.Note{FeedsWatchdog: true}
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
	inBubble(t, plan.Spec{Workers: 1, Watchdog: 3 * time.Second}, feeds(4), func(b *bench) {
		b.from(soon(0))
		time.Sleep(6 * time.Second)
		require.Empty(t, b.signalsOf(0), "it was fed at 4 s")
		require.Equal(t, 1, b.status().Totals.WorkersStarted)

		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, []syscall.Signal{syscall.SIGABRT}, b.signalsOf(0))
		require.Equal(t, 2, b.status().Totals.WorkersStarted, "its place is taken while it dies")
		require.Equal(t, 1, b.status().Ready)
		require.Equal(t, 1, b.status().Totals.WorkersDied)

		time.Sleep(minder.AbortGrace)
		require.Equal(t, []syscall.Signal{syscall.SIGABRT, syscall.SIGKILL}, b.signalsOf(0))
		gone, err := b.Worker(b.processes[0].spec.Worker)
		require.NoError(t, err)
		require.Equal(t, 2, gone.Exit.Cut, "what it still had is counted, once")
	})
}

func TestAWatchdogWaitsForReadyAndEndsWithTheDrain(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, Watchdog: time.Second, DrainTimeout: time.Minute}, func(p *fakeProcess) {
		time.AfterFunc(5*time.Second, func() { p.noted <- process.Note{Ready: true} })
	}, func(b *bench) {
		time.Sleep(5500 * time.Millisecond)
		require.Empty(t, b.signalsOf(0))
		b.Shutdown()
		time.Sleep(30 * time.Second)
		require.Equal(t, []syscall.Signal{syscall.SIGTERM}, b.signalsOf(0))
	})
}

func TestAWorkerMayAskForItsOwnEnd(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1, Watchdog: time.Hour}, soon(0), func(b *bench) {
		b.processes[0].noted <- process.Note{TriggersWatchdog: true}
		require.Equal(t, syscall.SIGABRT, b.signalsOf(0)[0])
	})
}

func TestANewWorkerThatGoesSilentFailsTheReload(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 2, StartTimeout: time.Hour, DrainTimeout: time.Hour, Watchdog: 3 * time.Second}, feeds(100), func(b *bench) {
		b.from(func(p *fakeProcess) {
			p.obeys = true
			wait := time.Duration(p.number-102) * time.Minute // the second one takes its time
			time.AfterFunc(wait-time.Minute, func() { p.noted <- process.Note{Ready: true} })
		})
		r, err := b.Reload(record.ReloadRequest{StartTimeout: time.Hour})
		require.NoError(t, err)
		failed := b.wait(r.ID, record.ReloadLive)
		require.Equal(t, record.ReloadFailed, failed.State)
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
			ready, err := plan.ParseReadiness(text)
			require.NoError(t, err)
			r := runMasterWith(t, Options{Spec: plan.Spec{Workers: 1, Ready: ready}, Probe: probeForTest}, "probed")
			e := r.next(record.EventWorkerReady, record.EventWorkerExited)
			require.Equal(t, record.EventWorkerReady, e.Type, r.log)
			require.Contains(t, e.Message, how)
			require.GreaterOrEqual(t, e.Worker.ReadyAt.Sub(e.Worker.StartedAt), 300*time.Millisecond)
		})
	}
}

// The kernel makes a connection as soon as somebody listens, and the master does.
func TestAConnectionThatNobodyAcceptsIsNoReadiness(t *testing.T) {
	for _, kind := range []plan.ReadyKind{plan.ReadyTCP, plan.ReadyHTTP} {
		t.Run(string(kind), func(t *testing.T) {
			o := Options{Spec: plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: kind, Path: "/up"}, StartTimeout: time.Second}, Probe: probeForTest}
			message := runMasterWith(t, o, "never-ready").next(record.EventWorkerReady, record.EventWorkerDraining).Message
			require.Regexp(t, `was not ready in \d.*; nobody has accepted the connections there, so the program does not serve that additional socket`, message)
		})
	}
}

func TestAnAnswerThatDoesNotComeIsNotAConnectionThatNobodyAccepts(t *testing.T) {
	for child, why := range map[string]string{"probed-silent": "; it accepts connections there, and says nothing", "probed-unwell": "; the latest probe: 503 Service Unavailable"} {
		t.Run(child, func(t *testing.T) {
			o := Options{Spec: plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyHTTP, Path: "/up"}, StartTimeout: time.Second}, Probe: probeForTest}
			message := runMasterWith(t, o, child).next(record.EventWorkerReady, record.EventWorkerDraining).Message
			require.Contains(t, message, "it did not answer GET /up on the listener probe with a status below 400"+why)
		})
	}
}

func TestALineThatMatchesMakesReady(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyLog, Pattern: regexp.MustCompile(`^still th.*ing$`)}}, "never-ready")
	require.Contains(t, r.next(record.EventWorkerReady, record.EventWorkerExited).Message, "it printed a line that matches ^still th.*ing$")
}

func TestEinhornsAcknowledgementMakesReady(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "acknowledges")
	e := r.next(record.EventWorkerReady, record.EventWorkerExited)
	require.Equal(t, record.EventWorkerReady, e.Type, r.log)
	require.Contains(t, e.Message, "einhorn")
	directory := r.launcher.Acks.Path()
	require.DirExists(t, directory)
	r.Kill()
	<-r.done
	require.Eventually(t, func() bool { _, err := os.Stat(directory); return os.IsNotExist(err) }, patience, time.Millisecond)
}

func TestTheProbedListenersPortCanBeAnArgument(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyTCP}, Command: []string{os.Args[0], "probed", "{fd:probe}", "{port:probe}"}}, "")
	r.ready(1)
}

// What einhorn's clients need must not keep others from starting.
func TestWorkersStartWhereverTheAckSocketsWouldBe(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep", 20))
	require.NoError(t, os.Mkdir(deep, 0o700))
	t.Setenv("TMPDIR", deep)
	r := runMaster(t, plan.Spec{Workers: 1}, "acknowledges")
	r.ready(1)
}

func TestTheDirectoryOfTheAckSocketsIsMadeAgain(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "acknowledges")
	r.ready(1)
	require.NoError(t, os.RemoveAll(r.launcher.Acks.Path()))
	require.Equal(t, record.ReloadLive, r.reload(record.ReloadRequest{}, record.ReloadLive).State)
}

func TestWhatMakesAWorkerReady(t *testing.T) {
	silent := func(p *fakeProcess) { p.obeys = true }
	says := func(n process.Note) func(*fakeProcess) {
		return func(p *fakeProcess) { p.obeys = true; time.AfterFunc(500*time.Millisecond, func() { p.noted <- n }) }
	}
	delay := plan.Readiness{Kind: plan.ReadyDelay, Delay: 2 * time.Second}
	pattern := plan.Readiness{Kind: plan.ReadyLog, Pattern: regexp.MustCompile("^up$")}
	for name, c := range map[string]struct {
		ready  plan.Readiness
		behave func(*fakeProcess)
		after  time.Duration
		how    string
	}{
		"its word":                          {plan.Readiness{}, says(process.Note{Ready: true}), 500 * time.Millisecond, "worker ready in slot 0 after 500ms"},
		"its acknowledgement":               {plan.Readiness{}, says(process.Note{Acknowledged: true}), 500 * time.Millisecond, "einhorn"},
		"having lived":                      {delay, silent, 2 * time.Second, "it has lived 2s"},
		"having lived, whatever it says":    {delay, says(process.Note{Ready: true}), 2 * time.Second, "it has lived 2s"},
		"what was seen":                     {plan.Readiness{Kind: plan.ReadyTCP}, says(process.Note{ProbeResult: "it accepted"}), 500 * time.Millisecond, "it accepted"},
		"what was seen, not what it says":   {plan.Readiness{Kind: plan.ReadyTCP}, says(process.Note{Ready: true}), 0, "was not ready in 1m0s: it accepted no connection on the listener probe"},
		"never, so that nothing is guessed": {plan.Readiness{}, silent, 0, "was not ready in 1m0s: it did not say READY=1"},
		"never, as nothing matches":         {pattern, silent, 0, "was not ready in 1m0s: it printed no line that matches ^up$"},
	} {
		t.Run(name, func(t *testing.T) {
			after, how := readyAfter(t, c.ready, c.behave)
			require.Equal(t, c.after, after)
			require.Contains(t, how, c.how)
		})
	}
}

func probed() {
	names := os.Getenv("LISTEN_FDNAMES")
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 2 || names != "tcp:probe" {
		fmt.Println("listeners:", len(listeners), names, err)
		os.Exit(8)
	}
	time.Sleep(300 * time.Millisecond) // to be probed before it can answer
	asked := 0
	go http.Serve(listeners[1], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	terminated := whenTerminated()
	<-terminated
}

// probedAnswer is probed, and answers like that.
func probedAnswer(answer http.HandlerFunc) func() {
	return func() {
		listeners, err := activation.Listeners()
		if err != nil || len(listeners) != 2 {
			os.Exit(8)
		}
		go http.Serve(listeners[1], answer)
		<-whenTerminated()
	}
}

func TestHTTPNeedsSomebodyWhoSpeaksIt(t *testing.T) {
	_, err := New(Options{Spec: plan.Spec{Listen: []listen.Spec{loopback}, Command: []string{os.Args[0]}, Ready: plan.Readiness{Kind: plan.ReadyHTTP, Path: "/"}}})
	require.ErrorIs(t, err, plan.ErrNoProbe)
}
