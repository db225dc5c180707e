package reach

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// site is a listener of a test. Whatever this process accepts there counts as accepted by the worker "w".
type site struct {
	*net.TCPListener
	at     listen.Spec
	socket kernel.Listener
	dialer Dialer
}

func newSite(t *testing.T) *site {
	t.Helper()
	l, err := ListenLoopback()
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	s := &site{TCPListener: l, at: listen.Spec{Name: "tcp", Network: "tcp", Address: l.Addr().String()}}
	s.onDescriptor(t, func(fd int) (err error) {
		s.socket, err = kernel.Describe("tcp", fd)
		return err
	})
	s.dialer = Dialer{
		Own:     &listen.OwnClients{},
		Sockets: func() ([]kernel.Listener, error) { return []kernel.Listener{s.socket}, nil },
		Holders: func(_ []string, accepted map[uint64]listen.Client) (map[listen.Client]string, error) {
			holders := map[listen.Client]string{}
			for _, c := range accepted {
				holders[c] = "w"
			}
			return holders, nil
		},
	}
	return s
}

func (s *site) onDescriptor(t *testing.T, do func(fd int) error) {
	t.Helper()
	require.NoError(t, listen.WithDescriptor(s.TCPListener, do))
}

// serve treats each connection in a goroutine of its own.
func (s *site) serve(treat func(net.Conn)) {
	go func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			go treat(c)
		}
	}()
}

// greet says hello, and, when the client has finished, how much it has sent.
func greet(c net.Conn) {
	defer c.Close()
	fmt.Fprintln(c, "hello")
	n, _ := io.Copy(io.Discard, c)
	fmt.Fprintf(c, "%d bytes\n", n)
}

// depth is how many connections wait to be accepted.
func (s *site) depth(t *testing.T) uint32 {
	t.Helper()
	queues, err := kernel.AcceptQueues([]kernel.Listener{s.socket})
	require.NoError(t, err)
	return queues["tcp"].Depth
}

// goneAddress is one where nobody listens.
func goneAddress(t *testing.T) listen.Spec {
	t.Helper()
	l, err := ListenLoopback()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return listen.Spec{Name: "gone", Network: "tcp", Address: l.Addr().String()}
}

// shorten gives the listener a short queue.
func (s *site) shorten(t *testing.T, backlog int) {
	t.Helper()
	s.onDescriptor(t, func(fd int) error { return unix.Listen(fd, backlog) })
}
