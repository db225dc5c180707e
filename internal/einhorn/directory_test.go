package einhorn

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func anybody(syscall.Conn) bool { return true }

// shared makes a directory as others may write to, such as /tmp.
func shared(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("/tmp", "shared") //nolint:usetesting // a test's own is too deep for sockets
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(parent)) })
	require.NoError(t, os.Chmod(parent, 0o777|fs.ModeSticky))
	return parent
}

func directory(t *testing.T) *Directory {
	t.Helper()
	return directoryIn(t, shared(t))
}

func directoryIn(t *testing.T, parents ...string) *Directory {
	t.Helper()
	d, err := NewDirectory(parents)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func requireMode(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.Equal(t, mode, info.Mode().Perm(), path)
}

func TestEverybodyMayConnectButNotLookIn(t *testing.T) {
	d := directory(t)
	requireMode(t, d.Path(), 0o711)
	l, err := d.Listen("worker")
	require.NoError(t, err)
	requireMode(t, l.Path, 0o666)
	l.Close()
	require.NoFileExists(t, l.Path)
	d.Close()
	require.NoDirExists(t, filepath.Dir(l.Path))
}

// Who gets hold of the directory's name must not have a socket bound, or a mode changed, where he wants it.
func TestNothingIsTouchedWhereSomebodyElseHasTakenTheName(t *testing.T) {
	for name, take := range map[string]func(path, elsewhere string) error{
		"with a directory":     func(path, _ string) error { return os.Mkdir(path, 0o777) },
		"with a symbolic link": func(path, elsewhere string) error { return os.Symlink(elsewhere, path) },
		"with a file":          func(path, _ string) error { return os.WriteFile(path, nil, 0o600) },
		"with nothing":         func(string, string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			parent, elsewhere := shared(t), t.TempDir()
			secret := filepath.Join(elsewhere, "secret")
			require.NoError(t, os.WriteFile(secret, nil, 0o600))
			d := directoryIn(t, parent)
			before, err := d.Listen("before")
			require.NoError(t, err)
			taken := d.Path()
			require.NoError(t, os.RemoveAll(taken))
			require.NoError(t, take(taken, elsewhere))
			if info, err := os.Stat(taken); err == nil && info.IsDir() { // the next socket's name leads to the secret
				_ = os.Symlink(secret, filepath.Join(taken, "after"))
			}
			after, err := d.Listen("after")
			require.NoError(t, err)
			require.NotEqual(t, taken, filepath.Dir(after.Path))
			requireMode(t, after.Path, 0o666)
			requireMode(t, secret, 0o600)
			c, err := net.Dial("unix", after.Path)
			require.NoError(t, err)
			c.Close()
			before.Close()
			after.Close()
		})
	}
}

func TestADirectoryThatOthersCouldRenameIsNotUsed(t *testing.T) {
	open, own := shared(t), shared(t)
	require.NoError(t, os.Chmod(open, 0o777))
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep", 20))
	require.NoError(t, os.Mkdir(deep, 0o700))
	parents := []string{"/no/such/directory", open, deep, own}
	if os.Geteuid() == 0 {
		others, closed := shared(t), shared(t)
		require.NoError(t, os.Chown(others, 65534, 65534))
		require.NoError(t, os.Chmod(closed, 0o700))
		parents = append([]string{others, closed}, parents...)
	}
	require.Equal(t, own, filepath.Dir(directoryIn(t, parents...).Path()))

	d, err := NewDirectory(parents[:len(parents)-1])
	require.ErrorContains(t, err, open+" can be written to by other users")
	require.ErrorContains(t, err, "too long for the path of a socket")
	_, err = d.Listen("worker")
	require.Error(t, err)
}

// abandon does what a master's death by kill -9 does.
func (d *Directory) abandon() {
	d.place.close()
	d.place = nil
}

func TestTheDirectoriesOfKilledMastersAreRemoved(t *testing.T) {
	parent := shared(t)
	killed, living := directoryIn(t, parent), directoryIn(t, parent)
	for _, d := range []*Directory{killed, living} {
		_, err := d.Listen("worker")
		require.NoError(t, err)
	}
	kept := filepath.Join(parent, prefix+"with-a-file")
	require.NoError(t, os.Mkdir(kept, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(kept, "data"), nil, 0o600))
	link := filepath.Join(parent, prefix+"link")
	require.NoError(t, os.Symlink(kept, link))
	left := killed.Path()
	killed.abandon()

	next := directoryIn(t, parent)
	require.NoDirExists(t, left)
	require.FileExists(t, filepath.Join(living.Path(), "worker"))
	require.FileExists(t, filepath.Join(link, "data"), "only sockets are removed")
	require.DirExists(t, next.Path())
}

func TestWhoIsNotWelcomeIsNotRead(t *testing.T) {
	l, err := directory(t).Listen("worker")
	require.NoError(t, err)
	acks := make(chan struct{}, 1)
	ended := make(chan struct{})
	go func() {
		l.Acks(func(syscall.Conn) bool { return false }, func() { acks <- struct{}{} })
		close(ended)
	}()
	for range 3 * conversations { // and takes no place from others
		c, err := net.Dial("unix", l.Path)
		require.NoError(t, err)
		_, _ = c.Write([]byte("{\"command\":\"worker:ack\"}\n"))
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err = c.Read(make([]byte, 1))
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET), "%v", err)
		c.Close()
	}
	l.Close()
	<-ended
	require.Empty(t, acks)
}
