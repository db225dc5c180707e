package master

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/stretchr/testify/require"
)

func TestParseReadiness(t *testing.T) {
	for text, want := range map[string]Readiness{
		"auto":                 {Kind: ReadyAuto},
		"notify":               {},
		"tcp":                  {Kind: ReadyTCP},
		"delay:2s":             {Kind: ReadyDelay, Delay: 2 * time.Second},
		"http:/healthz?deep=1": {Kind: ReadyHTTP, Path: "/healthz?deep=1"},
		"log:^listening on .*": {Kind: ReadyLog, Pattern: regexp.MustCompile("^listening on .*")},
		"log:a:b":              {Kind: ReadyLog, Pattern: regexp.MustCompile("a:b")},
	} {
		got, err := ParseReadiness(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "ready", "delay", "delay:", "delay:2", "delay:-1s", "delay:0s", "http", "http:healthz", "http:/a b", "http:/a\n", "log", "log:", "log:(", "tcp:80", "notify:"} {
		_, err := ParseReadiness(text)
		require.Error(t, err, text)
	}
}

func TestWhatMakesAWorkerReady(t *testing.T) {
	silent := func(p *fakeProcess) { p.obeys = true }
	says := func(n note) func(*fakeProcess) {
		return func(p *fakeProcess) { p.obeys = true; time.AfterFunc(500*time.Millisecond, func() { p.noted <- n }) }
	}
	delay := Readiness{Kind: ReadyDelay, Delay: 2 * time.Second}
	pattern := Readiness{Kind: ReadyLog, Pattern: regexp.MustCompile("^up$")}
	for name, c := range map[string]struct {
		ready  Readiness
		behave func(*fakeProcess)
		after  time.Duration
		how    string
	}{
		"its word":                          {Readiness{}, says(note{ready: true}), 500 * time.Millisecond, "worker ready in slot 0 after 500ms"},
		"its acknowledgement":               {Readiness{}, says(note{acknowledged: true}), 500 * time.Millisecond, "einhorn"},
		"having lived":                      {delay, silent, 2 * time.Second, "it has lived 2s"},
		"having lived, whatever it says":    {delay, says(note{ready: true}), 2 * time.Second, "it has lived 2s"},
		"what was seen":                     {Readiness{Kind: ReadyTCP}, says(note{seen: "it accepted"}), 500 * time.Millisecond, "it accepted"},
		"what was seen, not what it says":   {Readiness{Kind: ReadyTCP}, says(note{ready: true}), 0, "was not ready in 1m0s: it accepted no connection on the listener probe"},
		"never, so that nothing is guessed": {Readiness{}, silent, 0, "was not ready in 1m0s: it did not say READY=1"},
		"never, as nothing matches":         {pattern, silent, 0, "was not ready in 1m0s: it printed no line that matches ^up$"},
	} {
		t.Run(name, func(t *testing.T) {
			after, how := readyAfter(t, c.ready, c.behave)
			require.Equal(t, c.after, after)
			require.Contains(t, how, c.how)
		})
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for text, missing := range map[string]string{
		"http:/up": "it did not answer GET /up on the listener probe with a status below 400",
		"delay:1m": "it has not lived 1m0s yet", // a reload's own start timeout may be shorter
	} {
		ready, err := ParseReadiness(text)
		require.NoError(t, err)
		require.Equal(t, missing, ready.missing())
	}
}

// The programs below are real.

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
	_, err := New(Options{Spec: Spec{Listen: []ListenAddress{loopback}, Command: []string{os.Args[0]}, Ready: Readiness{Kind: ReadyHTTP, Path: "/"}}})
	require.ErrorIs(t, err, errNoProbe)
}

func TestADelayBeyondTheStartTimeoutIsAMistake(t *testing.T) {
	err := Spec{Command: []string{"x"}, Ready: Readiness{Kind: ReadyDelay, Delay: time.Minute}}.Validate()
	require.ErrorContains(t, err, "a delay of 1m0s is not shorter than the start timeout of 1m0s")
	require.Equal(t, 1, len(strings.Split(err.Error(), "\n")))
}
