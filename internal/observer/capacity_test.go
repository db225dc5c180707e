package observer

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestTheRoomIsWhatTheTightestLimitLeaves(t *testing.T) {
	const worker = uint64(16 << 20)
	root := t.TempDir()
	for path, text := range map[string]string{
		"proc/meminfo":             "MemTotal: 64000000 kB\nMemAvailable: 32000000 kB\n",
		"proc/self/mountinfo":      "25 1 0:22 / /cg rw - cgroup2 cgroup2 rw\n",
		"proc/self/cgroup":         "0::/x\n",
		"cg/x/memory.max":          strconv.Itoa(int(10 * worker)),
		"cg/x/memory.current":      strconv.Itoa(int(8 * worker)),
		"cg/x/memory.stat":         "inactive_file " + strconv.Itoa(int(worker/2)),
		"cg/x/y/memory.max":        "1",
		"cg/another/y/memory.high": "1",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, path), []byte(text), 0o600))
	}
	resources := memory(root, worker)
	require.Len(t, resources, 2)
	require.Nil(t, resources[0].Refuse(3))
	tight := resources[1]
	require.Nil(t, tight.Refuse(2))
	require.Equal(t, 2, tight.Refuse(3).Fits)
	require.Equal(t, "cgroup /x", tight.Refuse(3).Limit)
}

func TestTheMastersOpenFilesLimitTheRoomToo(t *testing.T) {
	before := descriptors()
	require.NotZero(t, before.Most)
	var pipe [2]int
	require.NoError(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	require.Equal(t, before.Free-2, descriptors().Free)
	require.NoError(t, unix.Close(pipe[0]))
	require.NoError(t, unix.Close(pipe[1]))
}
