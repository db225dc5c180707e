package worker

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// reply answers every chunk and every datagram that is read.
var reply = []byte("hello world")

const traceLimit = 256 // bytes of received data in one log line

// conn is one connection of the TCP hello world. It holds counters and no buffer: while a reply is owed
// nothing more is read, so a client that doesn't read its replies is made to wait by TCP itself.
type conn struct {
	listener *listener
	remote   netip.AddrPort
	opened   time.Time
	fd       int
	in, out  int64  // bytes
	mask     uint32 // what the poller watches for; 0: not watched yet
	owed     uint8  // bytes of the reply still to be written
	leaving  bool   // what is read now is not answered
}

// serve takes over a new connection. Often its first message is already there: it is read at once,
// which spares a trip through epoll.
func (l *loop) serve(ln *listener, fd int, remote netip.AddrPort) {
	c := &conn{listener: ln, remote: remote, opened: time.Now(), fd: fd}
	l.open++
	l.served++
	c.ready()
}

// ready does one read and one write at most, so that no connection keeps the others waiting.
func (c *conn) ready() {
	var err error
	if c.owed > 0 {
		err = c.write()
	} else {
		err = c.read()
	}
	if err == nil {
		err = c.watch()
	}
	if err != nil {
		c.close(err)
	}
}

// read answers one chunk. It returns io.EOF when the client has said its last word; as nothing is read
// while a reply is owed, the client then has all its replies.
func (c *conn) read() error {
	buf := c.listener.loop.buf
	n, err := unix.Read(c.fd, buf)
	if err != nil {
		return unlessRetry(err)
	}
	if n == 0 {
		c.debug("recv fin packet", nil)
		return io.EOF
	}
	c.in += int64(n)
	c.trace(buf[:n])
	if c.leaving {
		return nil
	}
	c.owed = uint8(len(reply))
	return c.write()
}

// write sends what is owed, or as much of it as the socket takes.
func (c *conn) write() error {
	n, err := unix.Write(c.fd, reply[len(reply)-int(c.owed):])
	if err != nil {
		return unlessRetry(err)
	}
	c.out += int64(n)
	c.owed -= uint8(n)
	if c.owed == 0 && c.leaving {
		return unix.Shutdown(c.fd, unix.SHUT_WR)
	}
	return nil
}

// unlessRetry is nil for the errors that mean "later": the poller is level-triggered and comes again.
func unlessRetry(err error) error {
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	return err
}

// watch has the poller wait for room while a reply is owed, else for input.
func (c *conn) watch() error {
	want := uint32(unix.EPOLLIN)
	if c.owed > 0 {
		want = unix.EPOLLOUT
	}
	was := c.mask
	c.mask = want
	switch was {
	case want:
		return nil
	case 0:
		return c.listener.loop.poller.add(c.fd, want, c)
	default:
		return c.listener.loop.poller.modify(c.fd, want)
	}
}

// leave ends the connection from our side without hurting what the client has not read yet: close would
// answer unread input with a reset, which destroys the last reply on its way. So the client gets a FIN,
// and what it still sends is read and dropped until its own FIN comes or the loop's patience is over.
func (c *conn) leave() {
	c.leaving = true
	if c.owed > 0 {
		return // write goes on from here
	}
	if err := unix.Shutdown(c.fd, unix.SHUT_WR); err != nil {
		c.close(err)
	}
}

func (c *conn) close(why error) {
	if errors.Is(why, io.EOF) {
		why = nil
	}
	c.debug("connection fully closed", why)
	l := c.listener.loop
	l.open--
	l.poller.forget(c.fd)
	unix.Close(c.fd)
}

// debug asks the kernel for the local address only if somebody will read it.
func (c *conn) debug(message string, err error) {
	e := c.listener.loop.log.Debug()
	if !e.Enabled() {
		return
	}
	e.Str("listener", c.listener.name).Str("remote", remoteName(c.remote)).Str("local", localName(c.fd)).
		Int64("bytes_in", c.in).Int64("bytes_out", c.out).Dur("duration", time.Since(c.opened)).
		Err(err).Msg(message)
}

func (c *conn) trace(data []byte) {
	if c.listener.loop.log.GetLevel() > zerolog.TraceLevel {
		return
	}
	traceReceived(c.listener.loop.log, c.listener.name, remoteName(c.remote), data)
}

func traceReceived(log zerolog.Logger, listener, remote string, data []byte) {
	log.Trace().Str("listener", listener).Str("remote", remote).
		Int("bytes", len(data)).Bytes("data", data[:min(len(data), traceLimit)]).Msg("received")
}
