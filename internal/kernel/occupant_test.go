package kernel

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoHasAnAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer tcp.Close()
	local, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer local.Close()
	anywhere := &net.TCPAddr{Port: tcp.Addr().(*net.TCPAddr).Port}
	for name, at := range map[string]net.Addr{"tcp": tcp.Addr(), "tcp, for any address": anywhere, "unix": local.Addr()} {
		who, err := Occupants(at)
		require.NoError(t, err, name)
		require.Len(t, who.Processes, 1, name)
		require.Equal(t, os.Getpid(), who.Processes[0].PID, name)
	}
	elsewhere, err := Occupants(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 77), Port: anywhere.Port})
	require.NoError(t, err)
	require.Empty(t, elsewhere)
	_, err = Occupants(&net.IPAddr{})
	require.ErrorIs(t, err, ErrFamily)

	self, err := FindProcess(os.Getpid())
	require.NoError(t, err)
	require.True(t, self.StartedWith("PATH"))
	require.False(t, self.StartedWith("PAT"))
}
