package master

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestAReloadGoesOnInAStartDirectoryThatWasMadeAnew(t *testing.T) {
	parent := t.TempDir()
	directory := newRelease(t, parent, "app1")
	r := inRelease(t, parent, directory)

	require.NoError(t, os.RemoveAll(directory))
	r.misses("the directory that rota was started in, " + directory + ", has been deleted")
	failed := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Equal(t, record.ReloadFailed, failed.State)
	require.Contains(t, failed.Failure.Message, "has been deleted; make it anew and reload")

	newRelease(t, parent, "app1")
	live := r.reload(record.ReloadRequest{}, record.ReloadCompleted)
	require.Equal(t, record.ReloadCompleted, live.State, "%v", live.Failure)
	r.misses("")
	workers, _ := r.workers()
	now, err := os.Readlink("/proc/" + strconv.Itoa(workers[len(workers)-1].PID) + "/cwd")
	require.NoError(t, err)
	require.Equal(t, directory, now)
}

func TestAReloadGoesOnInTheDirectoryThatTookTheStartDirectorysPlace(t *testing.T) {
	parent := t.TempDir()
	directory := newRelease(t, parent, "app1")
	r := inRelease(t, parent, directory)
	require.NoError(t, os.Rename(directory, directory+".old"))
	r.misses("the directory that rota was started in, " + directory + ", has been moved to " + directory + ".old")
	newRelease(t, parent, "app1")
	require.Equal(t, record.ReloadLive, r.reload(record.ReloadRequest{}, record.ReloadLive).State)
	r.misses("")
}
