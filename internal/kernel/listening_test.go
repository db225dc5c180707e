package kernel

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The worker that does this has only a copy of the descriptor.
func TestAListenerThatAnotherProcessShutDownIsNoLongerListening(t *testing.T) {
	for _, c := range []struct{ network, address string }{
		{"tcp4", "127.0.0.1:0"}, // MPTCP where the kernel has it: Go's default
		{"tcp6", "[::1]:0"},
		{"unix", abstract("shut-down")},
		{"udp4", "127.0.0.1:0"},
		{"unixgram", abstract("shut-down-datagrams")},
	} {
		for _, how := range []int{unix.SHUT_RD, unix.SHUT_RDWR} {
			t.Run(c.network, func(t *testing.T) {
				socket := listenAny(t, c.network, c.address)
				l := describe(t, "any", socket)
				withFD(t, socket, func(fd int) {
					requireListening(t, true, fd)
					theirs, err := unix.Dup(fd)
					require.NoError(t, err)
					err = unix.Shutdown(theirs, how)
					require.NoError(t, unix.Close(theirs))
					if c.network == "udp4" {
						require.ErrorIs(t, err, unix.ENOTCONN) // the kernel says so, and does it
					} else {
						require.NoError(t, err)
					}
					requireListening(t, false, fd)
					_, err = Describe("any", fd)
					require.ErrorIs(t, err, ErrNotListening)
				})
				queues, err := AcceptQueues([]Listener{l})
				require.NoError(t, err)
				require.Empty(t, queues)
			})
		}
	}
}

func TestATCPListenerThatWasShutDownCanListenAgain(t *testing.T) {
	fd := socket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	free := listen(t, "tcp4", "127.0.0.77:0")
	at := describe(t, "free", free)
	require.NoError(t, free.Close())
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Addr.Port()), Addr: at.Addr.Addr().As4()}))
	require.NoError(t, unix.Listen(fd, 1))
	require.NoError(t, unix.Shutdown(fd, unix.SHUT_RDWR))
	requireListening(t, false, fd)

	require.NoError(t, unix.Listen(fd, 1))
	requireListening(t, true, fd)
	now, err := Describe("again", fd)
	require.NoError(t, err)
	require.Equal(t, at.Address(), now.Address())
	dial(t, "tcp4", now.Address())
}

func TestAListenerThatOnlySendsNoMoreStillListens(t *testing.T) {
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "unix": abstract("half-shut")} {
		ln := listen(t, network, address)
		withFD(t, ln.(syscall.Conn), func(fd int) {
			require.NoError(t, unix.Shutdown(fd, unix.SHUT_WR))
			requireListening(t, true, fd)
		})
		connect(t, ln)
	}
}

func TestWhatIsNoSocketIsNotListening(t *testing.T) {
	_, err := Listening(-1)
	require.ErrorIs(t, err, unix.EBADF)
}

func requireListening(t *testing.T, want bool, fd int) {
	t.Helper()
	got, err := Listening(fd)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func listenAny(t *testing.T, network, address string) syscall.Conn {
	t.Helper()
	if network == "udp4" || network == "unixgram" {
		return listenPacket(t, network, address).(syscall.Conn)
	}
	return listen(t, network, address).(syscall.Conn)
}
