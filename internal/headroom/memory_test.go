package headroom

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const gib = 1 << 30

// tree of files, by path.
func files(t *testing.T, content map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for path, text := range content {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

func TestTheLimitsOfACgroupAndOfThoseAboveIt(t *testing.T) {
	root := files(t, map[string]string{
		"proc/meminfo":                                           "MemTotal:       8388608 kB\nMemFree: 1 kB\nMemAvailable:    4194304 kB\n",
		"proc/self/mountinfo":                                    "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n22 1 8:1 / / rw - ext4 /dev/root rw\n",
		"proc/self/cgroup":                                       "0::/system.slice/rota.service\n",
		"sys/fs/cgroup/memory.stat":                              "anon 1\n", // the top has no limit
		"sys/fs/cgroup/system.slice/memory.max":                  "max\n",
		"sys/fs/cgroup/system.slice/memory.current":              "1\n",
		"sys/fs/cgroup/system.slice/rota.service/memory.max":     "4294967296\n",
		"sys/fs/cgroup/system.slice/rota.service/memory.current": "3221225472\n",
		"sys/fs/cgroup/system.slice/rota.service/memory.stat":    "anon 5\ninactive_file 1073741824\nactive_file 7\n",
	})
	require.Equal(t, []MemoryLimit{
		{Most: 8 * gib, Free: 4 * gib},
		{Cgroup: "/system.slice/rota.service", Most: 4 * gib, Free: 2 * gib},
	}, Memory(root))

	above := filepath.Join(root, "sys/fs/cgroup/system.slice")
	require.NoError(t, os.WriteFile(filepath.Join(above, "memory.max"), []byte("1073741824"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(above, "memory.current"), []byte("2147483648"), 0o600))
	require.Equal(t, MemoryLimit{Cgroup: "/system.slice", Most: gib, Free: 0}, Memory(root)[2])
}

func TestTheLimitOfACgroupOfVersion1(t *testing.T) {
	root := files(t, map[string]string{
		"proc/self/mountinfo": "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
			"35 30 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		"proc/self/cgroup":                                     "5:cpu:/\n4:memory:/a/b\n0::/\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":           "9223372036854771712\n",
		"sys/fs/cgroup/memory/memory.usage_in_bytes":           "1\n",
		"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes":       "2147483648\n",
		"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes":       "1073741824\n",
		"sys/fs/cgroup/memory/a/b/memory.stat":                 "inactive_file 7\ntotal_inactive_file 536870912\n",
		"sys/fs/cgroup/cpu/a/b/memory.limit_in_bytes":          "1\n",
		"sys/fs/cgroup/cpu/a/b/memory.usage_in_bytes":          "1\n",
		"sys/fs/cgroup/memory/elsewhere/memory.limit_in_bytes": "1\n",
	})
	require.Equal(t, []MemoryLimit{{Cgroup: "/a/b", Most: 2 * gib, Free: 3 * gib / 2}}, Memory(root))
}

func TestWhereACgroupIsBelowItsMount(t *testing.T) {
	for _, c := range []struct{ path, mounted, want string }{
		{"/a/b", "/", "/a/b"},
		{"/", "/", "/"},
		{"/docker/4711", "/docker/4711", "/"},
		{"/docker/4711/app", "/docker/4711", "/app"},
		{"/docker/47110", "/docker/4711", "/"}, // not below
		{"/../../elsewhere", "/", "/"},         // above the namespace
		{"/a", "/../..", "/"},
	} {
		require.Equal(t, c.want, within(c.path, c.mounted), c)
	}
}

func TestWhatCantBeReadIsNoLimit(t *testing.T) {
	require.Empty(t, Memory(t.TempDir()))
	require.NotEmpty(t, Memory("/"), "the machine has a limit")
}
