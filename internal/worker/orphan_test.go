package worker

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// master is a parent that can die.
type master struct{ dead atomic.Bool }

func (m *master) pid() int {
	if m.dead.Load() {
		return 1
	}
	return 4711
}

func TestAnOrphanDrainsAndLeavesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m master
		w := newOrphanWatch(Options{
			Log: zerolog.Nop(), parent: m.pid, parentCheck: time.Second, OrphanTimeout: 100 * time.Second,
		})
		drained, left := make(chan time.Time, 1), make(chan time.Time, 1)
		stop := make(chan struct{})
		defer close(stop)
		go w.run(stop, func() { drained <- time.Now() }, func() { left <- time.Now() })

		time.Sleep(time.Hour) // of the bubble's own clock
		require.Empty(t, drained)
		died := time.Now()
		m.dead.Store(true)
		noticed := <-drained
		require.LessOrEqual(t, noticed.Sub(died), time.Second)
		require.Equal(t, 100*time.Second, (<-left).Sub(noticed))
	})
}

func TestAWorkerWithoutMasterDrainsByItself(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	var m master
	w := startWorker(t, Options{parent: m.pid, parentCheck: time.Millisecond}, share(t, "tcp", ln))
	c := dial(t, ln)
	greet(t, c)
	m.dead.Store(true)
	w.log.wait(t, "worker drains")
	greet(t, c)
	require.NoError(t, c.Close())
	w.waitEnd()
}

func startOrphan(t *testing.T, opts Options, listeners ...Listener) (*shift, *master) {
	t.Helper()
	m := &master{}
	opts.parent, opts.parentCheck, opts.OrphanTimeout = m.pid, time.Millisecond, time.Millisecond
	return startWorker(t, opts, listeners...), m
}

func TestAnOrphanEndsItsConnectionsWithoutAReset(t *testing.T) {
	tcp, web := bind(t, "tcp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0")
	w, m := startOrphan(t, Options{linger: patience}, share(t, "tcp", tcp), share(t, "http", web))
	c, h := dial(t, tcp), newBrowser(t, web)
	greet(t, c)
	h.get(t)

	m.dead.Store(true)
	requireEOF(t, c)
	requireEOF(t, h.in)
	_, err := c.Write([]byte("too late")) // is read and dropped, so that it's no reset
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	requireEOF(t, c)
	require.NoError(t, h.Close())
	w.waitEnd()
	line := w.log.wait(t, "recv fin packet")
	require.Contains(t, []any{"tcp", "http"}, line["listener"])
}

// This client's input lies unread in the worker's socket when the worker leaves: closing would reset.
func TestAnOrphanEndsASlowReaderWithoutAReset(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	shrinkBuffers(t, ln)
	w, m := startOrphan(t, Options{readSize: 1, linger: patience}, share(t, "tcp", ln))
	c := dial(t, ln)
	fillUntilStuck(t, c)
	m.dead.Store(true)
	w.log.wait(t, "worker leaves its connections")

	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	replies, err := io.ReadAll(c)
	require.NoError(t, err)
	require.NotEmpty(t, replies)
	require.Zero(t, len(replies)%len("hello world"), "the last reply is incomplete")
	require.NoError(t, c.Close())
	w.waitEnd()
}

func TestAnOrphanWaitsForNobodyForEver(t *testing.T) {
	tcp, web := bind(t, "tcp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0")
	w, m := startOrphan(t, Options{linger: time.Millisecond}, share(t, "tcp", tcp), share(t, "http", web))
	greet(t, dial(t, tcp))
	_, err := io.WriteString(dial(t, web), "POST / HTTP/1.1\r\nHost: rota\r\nContent-Length: 4\r\n\r\n")
	require.NoError(t, err)
	newBrowser(t, web).get(t)
	m.dead.Store(true)
	w.waitEnd() // though no client closes, and one still owes half a request
}
