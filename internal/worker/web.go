package worker

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// web is the HTTP hello world. The loop accepts for it, so that waking, pausing and the last sweep are
// one thing for all listeners; to net/http it looks like a listener whose connections come by channel.
//
// It drains without http.Server.Shutdown, which closes idle and silent connections at once and so loses
// the requests that are on their way. Here they may be idle for a grace first.
type web struct {
	log    zerolog.Logger
	grace  time.Duration
	linger time.Duration
	wake   func() // tells the loop that gone has changed

	server http.Server
	spare  *os.File      // used by the loop alone
	intake chan net.Conn // closed by the loop, after its last sweep
	quit   chan struct{} // closed by stop
	crew   sync.WaitGroup

	draining atomic.Bool
	leaving  atomic.Bool
	mu       sync.Mutex
	conns    map[*webConn]struct{} // taken and not closed yet
	served   int
	drained  int // those open when draining began, and those taken since
}

func newWeb(opts Options, wake func()) *web {
	w := &web{
		log: opts.Log, grace: opts.IdleGrace, linger: opts.linger, wake: wake,
		intake: make(chan net.Conn, 128),
		quit:   make(chan struct{}),
		conns:  make(map[*webConn]struct{}),
	}
	w.server = http.Server{
		Handler:           http.HandlerFunc(w.hello),
		ConnState:         w.connState,
		ErrorLog:          log.New(w, "", 0),
		ReadHeaderTimeout: 30 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	return w
}

func (w *web) hello(rw http.ResponseWriter, _ *http.Request) {
	if w.draining.Load() {
		rw.Header().Set("Connection", "close")
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(rw, "hello world\n")
}

// take is how the loop hands over a connection.
func (w *web) take(listener string, fd int, remote netip.AddrPort) {
	inner, err := w.netConn(os.NewFile(uintptr(fd), listener))
	if err != nil {
		w.log.Warn().Err(err).Str("listener", listener).Str("remote", remoteName(remote)).
			Msg("connection can't be handed to the HTTP server")
		return
	}
	c := newWebConn(w, inner, listener)
	w.mu.Lock()
	w.conns[c] = struct{}{}
	w.served++
	if w.draining.Load() {
		w.drained++
	}
	w.mu.Unlock()
	w.intake <- c
}

// netConn makes a net.Conn of an accepted connection. That takes a copy of the descriptor, so
// one is kept in reserve: a client that was accepted isn't sent away because it was the last.
func (w *web) netConn(accepted *os.File) (net.Conn, error) {
	defer func() {
		accepted.Close()
		if w.spare == nil {
			w.spare, _ = os.Open(os.DevNull) // one was closed just now
		}
	}()
	conn, err := net.FileConn(accepted)
	if errors.Is(err, unix.EMFILE) && w.spare != nil {
		w.spare.Close()
		w.spare = nil
		conn, err = net.FileConn(accepted)
	}
	return conn, err
}

func (w *web) connState(conn net.Conn, state http.ConnState) {
	c := conn.(*webConn)
	c.setState(state)
	if state == http.StateClosed {
		w.remove(c)
	}
}

func (w *web) remove(c *webConn) {
	c.mu.Lock()
	c.debug("connection fully closed")
	c.mu.Unlock()
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
	if w.draining.Load() {
		w.wake()
	}
}

// gone is true when no connection is left.
func (w *web) gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns) == 0
}

func (w *web) counts() (served, drained int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.served, w.drained
}

func (w *web) snapshot() []*webConn {
	w.mu.Lock()
	defer w.mu.Unlock()
	conns := make([]*webConn, 0, len(w.conns))
	for c := range w.conns {
		conns = append(conns, c)
	}
	return conns
}

// Write takes the lines of net/http's own log: clients that speak no HTTP, and the like.
func (w *web) Write(line []byte) (int, error) {
	w.log.Debug().Str("detail", string(line)).Msg("HTTP server complains")
	return len(line), nil
}

// Accept, Close and Addr make web a net.Listener.
func (w *web) Accept() (net.Conn, error) {
	c, ok := <-w.intake
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (w *web) Close() error   { return nil } // the loop decides when
func (w *web) Addr() net.Addr { return &net.UnixAddr{Name: "web", Net: "unix"} }
