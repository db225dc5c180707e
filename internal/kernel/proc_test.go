package kernel

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestWithoutItsOwnProcAProgramIsTold(t *testing.T) {
	require.NoError(t, CheckProc())
	root := t.TempDir()
	require.ErrorIs(t, showsCaller(root), ErrNoProc)
	require.NoError(t, os.Mkdir(filepath.Join(root, "proc"), 0o700))
	require.NoError(t, os.Symlink("0", filepath.Join(root, "proc/self")))
	require.ErrorIs(t, showsCaller(root), ErrNoProc, "it is that of another namespace")
	require.ErrorContains(t, showsCaller(root), "mount -t proc")
}

func TestANetlinkThatIsForbiddenIsNotThere(t *testing.T) {
	for _, refusal := range []error{unix.EPERM, unix.EACCES, unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT, unix.ENOSYS} {
		require.True(t, forbidden(fmt.Errorf("open: %w", refusal)), refusal)
	}
	for _, other := range []error{nil, unix.EMFILE, unix.ENFILE, unix.ENOMEM} {
		require.False(t, forbidden(other), other)
	}
}
