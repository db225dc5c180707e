package worker

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// webConn is a connection of the HTTP server that knows how long it has been quiet, and that closes
// without a reset.
type webConn struct {
	net.Conn
	web      *web
	listener string
	opened   time.Time

	mu      sync.Mutex
	state   http.ConnState
	touched time.Time // when it last got a byte or changed its state
	ended   bool      // the client's FIN or an error was read: nothing unread can be left
	in, out int64     // bytes
}

func newWebConn(w *web, inner net.Conn, listener string) *webConn {
	now := time.Now()
	return &webConn{Conn: inner, web: w, listener: listener, opened: now, touched: now}
}

func (c *webConn) setState(state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.touched = state, time.Now()
}

// endIfQuiet ends a connection on which no request is under way, if that has been so since limit. The
// deadline makes net/http give up its read; where net/http sets another one just after, the next call
// comes soon.
func (c *webConn) endIfQuiet(limit time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.state == http.StateNew || c.state == http.StateIdle
	if waiting && !c.touched.After(limit) {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
}

func (c *webConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in += int64(n)
	if n > 0 {
		c.touched = time.Now()
	}
	if err != nil && !c.ended && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.ended = true
		if errors.Is(err, io.EOF) {
			c.debug("recv fin packet")
		}
	}
	return n, err
}

func (c *webConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out += int64(n)
	return n, err
}

// Close sends a FIN and reads what the client still sends before it closes: otherwise unread input, such
// as a pipelined request, would make the kernel send a reset and the last response could be lost.
func (c *webConn) Close() error {
	if c.mayHaveUnread() {
		_ = c.SetReadDeadline(time.Now().Add(c.web.linger))
		if c.closeWrite() == nil {
			_, _ = io.Copy(io.Discard, c.Conn)
		}
	}
	return c.Conn.Close()
}

func (c *webConn) mayHaveUnread() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended
}

func (c *webConn) closeWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// debug is called with c.mu held.
func (c *webConn) debug(message string) {
	e := c.web.log.Debug()
	if !e.Enabled() {
		return
	}
	e.Str("listener", c.listener).Stringer("remote", c.RemoteAddr()).Stringer("local", c.LocalAddr()).
		Int64("bytes_in", c.in).Int64("bytes_out", c.out).Dur("duration", time.Since(c.opened)).Msg(message)
}
