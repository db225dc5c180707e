package kernel

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePortThatAProgramListensAtByItselfIsFound(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6"} {
		ln := listen(t, network, map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network])
		l := describe(t, "tcp", ln)
		_, port, err := net.SplitHostPort(ln.Addr().String())
		require.NoError(t, err)
		self := Process{PID: os.Getpid()}
		require.Equal(t, port, self.portOf([]uint64{l.Inode}))
		require.Empty(t, self.portOf([]uint64{1}), "of sockets that it does not listen on")
	}
}
