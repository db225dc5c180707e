package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheNameOfAProcessMayHoldAnything(t *testing.T) {
	for _, name := range []string{"sh", "a) Z 9 (b", "", "x y", "a\nb", "(sd-pam)"} {
		stat, ok := parseStat([]byte("4713 (" + name + ") S 1 4711 4712 0 -1 4194304 105 0 0 0 7 8 30 40 20 0 1 0 99 6553600 250 18446744073709551615\n"))
		require.True(t, ok, name)
		require.Equal(t, processStat{
			Process:   Process{PID: 4713, Started: 99, Parent: 1, Group: 4711, Session: 4712, Name: name},
			threads:   1,
			cpu:       15,
			cpuWaited: 70,
			rss:       250,
		}, stat)
	}
}

func TestAProcessWhoseMainThreadHasEndedIsNoZombie(t *testing.T) {
	for threads, zombie := range map[string]bool{"1": true, "2": false} {
		stat, ok := parseStat([]byte("4713 (sh) Z 1 4711 4712 0 -1 4194304 105 0 0 0 7 8 30 40 20 0 " + threads + " 0 99 0 0 0\n"))
		require.True(t, ok)
		require.Equal(t, zombie, stat.Zombie)
	}
}

func TestBrokenStatIsNoProcess(t *testing.T) {
	for _, content := range []string{
		"", "4713", "4713 (sh", "4713 sh) (", "4713 (sh) S 1 2 3",
		"x (sh) S 1 4711 4712 0 -1 4194304 105 0 0 0 7 8 30 40 20 0 1 0 99 0 0 0",
		"4713 (sh) S 1 4711 4712 0 -1 4194304 105 0 0 0 7 8 30 40 20 0 1 0 y 0 0 0",
	} {
		_, ok := parseStat([]byte(content))
		require.False(t, ok, content)
	}
}
