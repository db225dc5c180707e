package worker

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestADrainWithoutTrafficEndsAtOnce(t *testing.T) {
	for _, name := range []string{"tcp", "http"} {
		t.Run(name, func(t *testing.T) {
			ln := bind(t, "tcp4", "127.0.0.1:0")
			onDescriptor(t, ln.(syscall.Conn), func(fd int) error { return unix.SetNonblock(fd, false) })
			w := startWorker(t, Options{}, share(t, name, ln))
			w.drain()
			w.waitEnd()

			require.True(t, isNonblocking(t, ln), "O_NONBLOCK was lost for all workers")
			requireStillAccepting(t, ln)
		})
	}
}

// requireStillAccepting shows that the worker has not shut the socket down for its other holders.
func requireStillAccepting(t *testing.T, ln net.Listener) {
	t.Helper()
	client := dial(t, ln)
	server, err := ln.Accept()
	require.NoError(t, err)
	require.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())
	require.NoError(t, server.Close())
}

func TestADrainAnswersWhatWaitsInTheAcceptQueue(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	var queued []net.Conn
	for range 100 {
		queued = append(queued, dial(t, ln))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log := newJournal()
	ended := make(chan error, 1)
	opts := Options{
		Listeners: []Listener{share(t, "tcp", ln)}, Log: zerolog.New(log), Ready: func() error { return nil },
	}
	go func() { ended <- Run(ctx, opts) }()
	for _, c := range queued {
		greet(t, c)
		require.NoError(t, c.Close())
	}
	require.NoError(t, <-ended)
	require.EqualValues(t, 100, log.wait(t, "drained")["connections"])
	require.EqualValues(t, 100, log.wait(t, "drained")["while_draining"])
}

func TestOpenConnectionsAreServedUntilTheyClose(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "tcp", ln))
	silent, talking := dial(t, ln), dial(t, ln)
	greet(t, talking) // so the silent one, which came first, has been accepted

	w.startDrain()
	greet(t, silent)
	greet(t, talking)
	require.NoError(t, silent.Close())
	greet(t, talking)
	select {
	case <-w.ended:
		require.Fail(t, "the worker left an open connection")
	default:
	}
	require.NoError(t, talking.(*net.TCPConn).CloseWrite())
	requireEOF(t, talking)
	w.waitEnd()
	require.EqualValues(t, 2, w.log.wait(t, "drained")["connections"])
	require.EqualValues(t, 2, w.log.wait(t, "drained")["while_draining"])
	requireStillAccepting(t, ln)
}

func TestNothingIsLoggedPerConnectionAtInfo(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "tcp", ln))
	c := dial(t, ln)
	greet(t, c)
	require.NoError(t, c.Close())
	w.log.wait(t, "connection fully closed")
	w.drain()
	w.waitEnd()
	for _, line := range w.log.lines {
		if line["level"] == "info" {
			require.Equal(t, "drained", line["message"])
			require.EqualValues(t, 0, line["while_draining"])
		}
	}
}

func TestAUnixSocketKeepsItsPath(t *testing.T) {
	for _, name := range []string{"unix", "http"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "socket")
			ln := bind(t, "unix", path)
			w := startWorker(t, Options{}, share(t, name, ln))
			w.drain()
			w.waitEnd()
			_, err := os.Stat(path)
			require.NoError(t, err)
			client := dial(t, ln)
			server, err := ln.Accept()
			require.NoError(t, err)
			require.NoError(t, errors.Join(server.Close(), client.Close()))
		})
	}
}

func TestAWorkerThatCantSayReadyGivesUp(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	failed := errors.New("the master's socket is gone")
	err := Run(t.Context(), Options{
		Listeners: []Listener{share(t, "tcp", ln)}, Ready: func() error { return failed },
	})
	require.ErrorIs(t, err, failed)
	requireStillAccepting(t, ln)
}
