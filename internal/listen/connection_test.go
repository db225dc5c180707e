package listen

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
)

func TestTheStateOfAConnection(t *testing.T) {
	tcp := func(state string, idle time.Duration, queued uint32) *Connection {
		return &Connection{Connection: kernel.Connection{TCPState: state, RecvQueue: queued, TCP: &kernel.TCPInfo{Idle: idle}}}
	}
	require.EqualValues(t, "idle", tcp("ESTABLISHED", time.Second, 0).State())
	require.EqualValues(t, "active", tcp("ESTABLISHED", 999*time.Millisecond, 0).State())
	require.EqualValues(t, "active", tcp("ESTABLISHED", time.Hour, 1).State())
	require.EqualValues(t, "half-closed", tcp("CLOSE_WAIT", 0, 1).State())
	unix := &Connection{Connection: kernel.Connection{TCPState: "ESTABLISHED"}}
	require.EqualValues(t, "idle", unix.State())
	unix.SendQueue = 1
	require.EqualValues(t, "active", unix.State())
}
