package listen

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Somebody who may write to the directory can put anything in the place of the socket's file.
func TestOnlyTheSocketsOwnFileGetsItsMode(t *testing.T) {
	directory := t.TempDir()
	secret := filepath.Join(directory, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	other := filepath.Join(directory, "other.sock")
	l, err := net.Listen("unix", other)
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, os.Chmod(other, 0o600))

	for name, replace := range map[string]func(path string) error{
		"a symbolic link to a file":   func(path string) error { return os.Symlink(secret, path) },
		"a hard link to a file":       func(path string) error { return os.Link(secret, path) },
		"a symbolic link to a socket": func(path string) error { return os.Symlink(other, path) },
		"a hard link to a socket":     func(path string) error { return os.Link(other, path) },
		"nothing":                     func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			a := Spec{Name: "x", Network: "unix", Address: filepath.Join(t.TempDir(), "x.sock")}
			s, err := OpenSocket(a)
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, os.Remove(a.Address))
			require.NoError(t, replace(a.Address))
			a.Mode = 0o666
			require.Error(t, s.ClaimFile(a))
			for _, path := range []string{secret, other} {
				info, err := os.Stat(path)
				require.NoError(t, err)
				require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), path)
			}
		})
	}
}
