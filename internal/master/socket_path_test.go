package master

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/record"
)

// unixListener is one in a directory of its own.
func unixListener(t *testing.T) listen.Spec {
	t.Helper()
	return listen.Spec{Name: "unix", Network: "unix", Address: filepath.Join(t.TempDir(), "run", "app.sock")}
}

// greetingAt is a running master that greets at a unix socket.
func greetingAt(t *testing.T) (r *running, path string) {
	t.Helper()
	a := unixListener(t)
	require.NoError(t, os.Mkdir(filepath.Dir(a.Address), 0o700))
	return changing(t, greeting(a)), a.Address
}

func (r *running) greetsAgain(path string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { _, err := greeted("unix", path); return err == nil }, patience, time.Millisecond, "%s", r.log)
}

func (r *running) pids() (list []int) {
	r.t.Helper()
	workers, _ := r.workers()
	for _, w := range workers {
		list = append(list, w.PID)
	}
	return list
}

func TestASocketsFileThatSomebodyDeletesOrMovesIsPutBack(t *testing.T) {
	r, path := greetingAt(t)
	before := r.pids()
	for range 3 {
		require.NoError(t, os.Remove(path))
		r.greetsAgain(path)
		require.NoError(t, os.Rename(path, path+".old"))
		r.greetsAgain(path)
	}
	require.Equal(t, before, r.pids(), "no worker has to go for it")
	require.Contains(t, r.log.String(), "has put it back")
	s, err := r.Status()
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	require.True(t, s.Serving())
}

func TestASocketWhoseDirectoryIsMadeAnewIsOpenedAnew(t *testing.T) {
	r, path := greetingAt(t)
	require.Eventually(t, func() bool { return os.RemoveAll(filepath.Dir(path)) == nil }, patience, time.Millisecond, "the master may be quicker")
	require.Eventually(t, func() bool { s, err := r.Status(); return err == nil && !s.Serving() && len(s.Missing) == 1 }, patience, time.Millisecond)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	r.greetsAgain(path)
	require.Eventually(t, func() bool { s, err := r.Status(); return err == nil && s.Serving() && len(s.Missing) == 0 }, patience, time.Millisecond)
	require.Equal(t, record.ReloadCompleted, r.reload(record.ReloadRequest{}, record.ReloadCompleted).State)
	r.greetsAgain(path)
}

func TestAFileThatSomebodyElsePutsInTheSocketsPlaceIsLeftAlone(t *testing.T) {
	r, path := greetingAt(t)
	other := path + ".other"
	l, err := net.Listen("unix", other)
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, os.Rename(other, path))
	require.Eventually(t, func() bool { s, err := r.Status(); return err == nil && !s.Serving() && len(s.Missing) == 1 }, patience, time.Millisecond)
	failed := r.reload(record.ReloadRequest{}, record.ReloadLive)
	require.Equal(t, record.ReloadFailed, failed.State, "nobody can reach it")
	require.NoError(t, os.Remove(path))
	r.greetsAgain(path)
	require.NoError(t, os.WriteFile(other, []byte("mine"), 0o600))
	require.NoError(t, os.Rename(other, path))
	r.Shutdown()
	<-r.done
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
}

func TestASocketsFileIsNotPutBackOnceRotaStops(t *testing.T) {
	r, path := greetingAt(t)
	r.Shutdown()
	<-r.done
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Empty(t, entries, "nor is its spare left")
}
