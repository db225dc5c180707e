package master

import (
	"slices"
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
	files := r.files()
	inPassing := int(files.Most-files.Free) - len(openFiles())
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	tight := before
	tight.Cur = uint64(len(openFiles()) + inPassing + 3*int(files.Worker)) // others may open some, too, or close some
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
	require.NoError(t, r.observer.Headroom().Check(1))
	err := r.observer.Headroom().Check(1 << 30)
	refused := new(record.NoRoom)
	require.ErrorAs(t, err, &refused)
	require.Greater(t, refused.Fits, 2)

	memory := slices.IndexFunc(r.observer.Headroom(), func(r record.Resource) bool { return r.Kind == record.Memory })
	require.Greater(t, r.observer.Headroom()[memory].Worker, uint64(1<<20), "it is a Go program")
}

// What it is said to have for a worker is what it has, and no less.
func TestTheMasterHasNoMoreOpenFilesForAWorkerThanItSays(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	const more = 4
	t.Run("silent", func(t *testing.T) {
		r := runMaster(t, plan.Spec{Workers: 1}, "good")
		require.Eventually(t, func() bool { return r.filesFor(more) <= more*int(r.files().Worker) }, patience, time.Millisecond)
	})
	t.Run("probed", func(t *testing.T) {
		r := runMaster(t, plan.Spec{Workers: 1, Ready: plan.Readiness{Kind: plan.ReadyTCP}}, "probed")
		require.Eventually(t, func() bool { return r.filesFor(more) == more*int(r.files().Worker) }, patience, time.Millisecond)
	})
}

// files is what the master says of its open files.
func (r *running) files() record.Resource {
	r.t.Helper()
	for _, resource := range r.observer.Headroom() {
		if resource.Kind == record.OpenFiles {
			return resource
		}
	}
	r.t.Fatal("the master does not say how many open files it may have")
	return record.Resource{}
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
