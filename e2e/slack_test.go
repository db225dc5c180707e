package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The launch step relaxes the timers of the built-in worker, and of no other program.
func TestOnlyTheBuiltInWorkerHasRelaxedTimers(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile("/proc/self/timerslack_ns")
	require.NoError(t, err)
	usual := strings.TrimSpace(string(own))

	program := start(t, "--workers", "1", "--ready", "notify", "--",
		"sh", "-c", "echo slack is $(cat /proc/self/timerslack_ns); exec "+binary+" worker")
	program.logs(`"slack is ` + usual + `"`)

	if os.Getuid() != 0 {
		t.Skip("only root may look at the timer slack of another process")
	}
	builtIn := start(t, "--workers", "1")
	slack, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", builtIn.workers()[0].PID))
	require.NoError(t, err)
	require.NotEqual(t, usual, strings.TrimSpace(string(slack)))
}
