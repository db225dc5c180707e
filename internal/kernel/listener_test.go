package kernel

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestDescribeTellsWhatAListenerIsBoundTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	for _, c := range []struct {
		network, address string
		family           int
		ip               string
	}{
		{"tcp4", "127.0.0.1:0", unix.AF_INET, "127.0.0.1"},
		{"tcp4", "0.0.0.0:0", unix.AF_INET, "0.0.0.0"},
		{"tcp6", "[::1]:0", unix.AF_INET6, "::1"},
		{"tcp", ":0", unix.AF_INET6, "::"},
		{"unix", path, unix.AF_UNIX, ""},
		{"unix", abstract("describe"), unix.AF_UNIX, ""},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			ln := listen(t, c.network, c.address)
			l := describe(t, "name", ln)

			require.Equal(t, "name", l.Name)
			require.Equal(t, c.family, l.Family)
			require.Equal(t, ln.Addr().String(), l.Address())
			require.Equal(t, inode(t, ln), l.Inode)
			if c.family == unix.AF_UNIX {
				require.Equal(t, "unix", l.Network())
				require.Equal(t, c.address, l.Path)
				return
			}
			require.Equal(t, "tcp", l.Network())
			require.Equal(t, netip.MustParseAddr(c.ip), l.Addr.Addr())
			require.EqualValues(t, ln.Addr().(*net.TCPAddr).Port, l.Addr.Port())
		})
	}
}

// A blocking listener is one that no worker can be drained from.
func TestDescribeLeavesTheFlagsAlone(t *testing.T) {
	ln := listen(t, "tcp", ":0").(syscall.Conn)
	before := statusFlags(t, ln)
	require.NotZero(t, before&unix.O_NONBLOCK)

	withFD(t, ln, func(fd int) {
		_, err := Describe("tcp", fd)
		require.NoError(t, err)
	})
	require.Equal(t, before, statusFlags(t, ln))
}

func TestDescribeRefusesWhatIsNoListener(t *testing.T) {
	client, _ := connect(t, listen(t, "tcp4", "127.0.0.1:0"))
	withFD(t, client.(syscall.Conn), func(fd int) {
		_, err := Describe("tcp", fd)
		require.ErrorIs(t, err, ErrNotListening)
		require.ErrorContains(t, err, `"tcp"`)
	})

	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	_, err = Describe("tcp", int(file.Fd()))
	require.ErrorIs(t, err, unix.ENOTSOCK)

	_, err = Describe("tcp", -1)
	require.ErrorIs(t, err, unix.EBADF)
}

func statusFlags(t *testing.T, socket syscall.Conn) (flags int) {
	t.Helper()
	withFD(t, socket, func(fd int) {
		var err error
		flags, err = unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		require.NoError(t, err)
	})
	return flags
}
