package master

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/plan"
	"rota/internal/record"
)

// What grows a pool asks for room as a surge does, whichever way it comes.
func TestAPoolDoesNotGrowBeyondItsRoom(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 1}, "good")
	r.ready(1)
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	tight := before
	tight.Cur = uint64(len(openFiles()) + filesInPassing + 3*filesPerWorker) // others may open some, too, or close some
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &tight))
	_, err1 := r.ScaleTo(record.MaxWorkers)
	err2 := r.Scale(500)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before))
	for _, err := range []error{err1, err2} {
		require.ErrorAs(t, err, new(*record.NoRoom))
		require.ErrorContains(t, err, "open files of the master")
	}
	require.ErrorContains(t, err1, "a pool with 1023 more: 1023 workers need")
	status, err := r.Status()
	require.NoError(t, err)
	require.Equal(t, 1, status.Size)
	_, err = r.ScaleTo(2)
	require.NoError(t, err)
	r.ready(1)
}

func TestTheRoomIsWhatTheTightestLimitLeaves(t *testing.T) {
	r := runMaster(t, plan.Spec{Workers: 2}, "good")
	r.ready(2)
	require.NoError(t, r.observer.headroom().Check(1))
	err := r.observer.headroom().Check(1 << 30)
	refused := new(record.NoRoom)
	require.ErrorAs(t, err, &refused)
	require.Greater(t, refused.Fits, 2)

	worker := r.observer.largestReady().memory
	require.Greater(t, worker, uint64(1<<20), "it is a Go program")
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
	if inOwnProcess(t) {
		return
	}
	before := descriptors()
	require.NotZero(t, before.Most)
	var pipe [2]int
	require.NoError(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	require.Equal(t, before.Free-2, descriptors().Free)
	require.NoError(t, unix.Close(pipe[0]))
	require.NoError(t, unix.Close(pipe[1]))
}

// What it is said to have for a worker is what it has, and no less.
func TestTheMasterHasNoMoreOpenFilesForAWorkerThanItSays(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	const more = 4
	t.Run("silent", func(t *testing.T) {
		r := runMaster(t, plan.Spec{Workers: 1}, "good")
		require.Eventually(t, func() bool { return r.filesFor(more) <= more*filesPerWorker }, patience, time.Millisecond)
	})
	t.Run("probed", func(t *testing.T) {
		r := runMaster(t, plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyTCP}}, "probed")
		require.Eventually(t, func() bool { return r.filesFor(more) == more*filesPerWorker }, patience, time.Millisecond)
	})
}

// filesFor is how many more files the master has with so many more workers. The master opens others for a moment, too, so a
// single figure can be too high or too low.
func (r *running) filesFor(more int) int {
	r.t.Helper()
	few := r.filesWith(1)
	return r.filesWith(1+more) - few
}

func (r *running) filesWith(workers int) int {
	r.t.Helper()
	_, err := r.ScaleTo(workers)
	require.NoError(r.t, err)
	require.Eventually(r.t, func() bool {
		s, err := r.Status()
		require.NoError(r.t, err)
		ready := 0
		for _, w := range s.Workers {
			if w.State == record.WorkerReady {
				ready++
			}
		}
		return ready == workers && len(s.Workers) == workers
	}, patience, time.Millisecond)
	return len(openFiles())
}
