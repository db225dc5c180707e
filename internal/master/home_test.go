package master

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAReloadGoesOnInAStartDirectoryThatWasMadeAnew(t *testing.T) {
	parent := t.TempDir()
	directory := newRelease(t, parent, "app1")
	r := inRelease(t, parent, directory)

	require.NoError(t, os.RemoveAll(directory))
	r.misses("the directory that rota was started in, " + directory + ", has been deleted")
	failed := r.reload(ReloadRequest{}, ReloadLive)
	require.Equal(t, ReloadFailed, failed.State)
	require.Contains(t, failed.Failure.Message, "has been deleted; make it anew and reload")

	newRelease(t, parent, "app1")
	live := r.reload(ReloadRequest{}, ReloadCompleted)
	require.Equal(t, ReloadCompleted, live.State, "%v", live.Failure)
	r.misses("")
	workers, _ := r.workers()
	now, err := os.Readlink("/proc/" + itoa(workers[len(workers)-1].PID) + "/cwd")
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
	require.Equal(t, ReloadLive, r.reload(ReloadRequest{}, ReloadLive).State)
	r.misses("")
}

func TestAReloadFollowsTheLinkThatRotaWasStartedBy(t *testing.T) {
	parent := t.TempDir()
	directory := newRelease(t, parent, "v1")
	switchTo(t, parent, "v1")
	t.Chdir(directory)
	t.Setenv("PWD", filepath.Join(parent, "current"))
	h := findHome()
	newRelease(t, parent, "v2")
	switchTo(t, parent, "v2")
	require.Nil(t, h.follow(), "what it was started in is still there")
	require.NoError(t, os.RemoveAll(directory))
	next := h.follow()
	require.NotNil(t, next)
	require.Equal(t, filepath.Join(parent, "current"), next.logical)
	require.Empty(t, next.lost())
	here, err := unixGetwd()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(parent, "v2"), here)
}
