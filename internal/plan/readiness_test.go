package plan

import (
	"regexp"
	"strings"
	"testing"
	"time"

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

func TestWhatIsMissingIsSaid(t *testing.T) {
	for text, missing := range map[string]string{
		"http:/up": "it did not answer GET /up on the listener probe with a status below 400",
		"delay:1m": "it has not lived 1m0s yet", // a reload's own start timeout may be shorter
	} {
		ready, err := ParseReadiness(text)
		require.NoError(t, err)
		require.Equal(t, missing, ready.Unmet())
	}
}

// The programs below are real.

func TestADelayBeyondTheStartTimeoutIsAMistake(t *testing.T) {
	err := Spec{Command: []string{"x"}, Ready: Readiness{Kind: ReadyDelay, Delay: time.Minute}}.Validate()
	require.ErrorContains(t, err, "a delay of 1m0s is not shorter than the start timeout of 1m0s")
	require.Equal(t, 1, len(strings.Split(err.Error(), "\n")))
}
