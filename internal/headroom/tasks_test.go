package headroom

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLimitsOfThreadsAndProcesses(t *testing.T) {
	root := files(t, map[string]string{
		"proc/self/mountinfo": "34 30 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n" +
			"35 30 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		"proc/self/cgroup":                           "5:memory:/\n4:pids:/a/b\n0::/x\n",
		"sys/fs/cgroup/pids/a/b/pids.max":            "64\n",
		"sys/fs/cgroup/pids/a/b/pids.current":        "60\n",
		"sys/fs/cgroup/pids/a/b/pids.events":         "max 7\n",
		"sys/fs/cgroup/pids/a/pids.max":              "max\n",
		"sys/fs/cgroup/pids/a/pids.current":          "61\n",
		"sys/fs/cgroup/unified/x/pids.max":           "10\n",
		"sys/fs/cgroup/unified/x/pids.current":       "12\n", // it was lowered
		"sys/fs/cgroup/pids/elsewhere/pids.max":      "1\n",
		"sys/fs/cgroup/pids/elsewhere/pids.current":  "1\n",
		"sys/fs/cgroup/memory/elsewhere/pids.max":    "1\n",
		"sys/fs/cgroup/memory/elsewhere/pids.events": "max 1\n",
	})
	limits := CgroupTasks(root)
	require.Equal(t, []TaskLimit{{Cgroup: "/a/b", Most: 64, Used: 60, Refused: 7}, {Cgroup: "/x", Most: 10, Used: 12}}, limits)
	require.EqualValues(t, 4, limits[0].Free())
	require.Zero(t, limits[1].Free())
	require.Empty(t, CgroupTasks(t.TempDir()))
}
