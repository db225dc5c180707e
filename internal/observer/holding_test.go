package observer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
)

func TestAHoldingIsWhatItsConnectionsAddUpTo(t *testing.T) {
	t.Parallel()
	require.Equal(t, Holding{}, HoldingOf(nil))
	var list []listen.Connection
	add := func(idle time.Duration, state string, remote string) {
		list = append(list, listen.Connection{Connection: kernel.Connection{Cookie: uint64(len(list)), TCPState: state, Remote: remote, TCP: &kernel.TCPInfo{Idle: idle}}})
	}
	for range 12 {
		add(time.Minute, "ESTABLISHED", "the crowd")
	}
	add(time.Hour, "CLOSE_WAIT", "the quietest")
	add(0, "ESTABLISHED", "the loudest")
	list = append(list, listen.Connection{Connection: kernel.Connection{TCPState: "ESTABLISHED"}}) // unix
	h := HoldingOf(list)
	require.Equal(t, 15, h.Connections)
	require.Equal(t, 13, h.Idle)
	require.Equal(t, 1, h.Active)
	require.Equal(t, 1, h.HalfClosed)
	require.Equal(t, "the quietest", h.Oldest.Remote)
	require.Equal(t, append([]string{"the quietest"}, []string{"the crowd", "the crowd", "the crowd", "the crowd", "the crowd",
		"the crowd", "the crowd", "the crowd", "the crowd"}...), h.Peers)

	h = HoldingOf(list[14:])
	require.Empty(t, h.Peers, "the peer has no name")
	require.NotNil(t, h.Oldest)
}
