package threads

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThreadsAreKept(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/task")
		require.NoError(t, err)
		return len(entries)
	}
	Keep(40)
	require.GreaterOrEqual(t, count(), 40)
}
