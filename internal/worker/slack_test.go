package worker

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAProgramInheritsTheSlack(t *testing.T) {
	require.Equal(t, "4000000", slackAfter(t, timerSlack/100, "tcp:unix"))
	require.Equal(t, "9000000", slackAfter(t, 9*time.Millisecond, "tcp"), "more than that stays")
	require.Equal(t, "40000", slackAfter(t, 40*time.Microsecond, "tcp:http-2"), "HTTP has the usual timers")
}

// slackAfter is the slack of a program, in nanoseconds, which a thread with the given one has executed.
func slackAfter(t *testing.T, given time.Duration, names string) string {
	t.Helper()
	var output []byte
	err := make(chan error)
	go func() { // its thread ends with it, because it stays locked
		runtime.LockOSThread()
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(given), 0, 0, 0)
		RelaxTimers(names)
		var failed error
		output, failed = exec.Command("cat", "/proc/self/timerslack_ns").Output()
		err <- failed
	}()
	require.NoError(t, <-err)
	return strings.TrimSpace(string(output))
}
