package reach

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/lapse"
)

const (
	// closeWithin is how long a worker may take to notice that a connection is over.
	closeWithin = 100 * time.Millisecond
	// mostDiscarded bounds what is read from a program that goes on sending.
	mostDiscarded = 1 << 20
)

// Close closes a connection politely: it sends a FIN and waits a moment for the worker to close its end. If the worker
// does not, Close resets the connection, because what is left at the worker would look like a client's. The error
// says that the worker has reset the connection.
func Close(c net.Conn) error {
	defer c.Close()
	defer lapse.AfterFunc(closeWithin, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) }).Stop()
	_ = c.(interface{ CloseWrite() error }).CloseWrite() // if it was reset, the read below fails
	_, err := io.Copy(io.Discard, io.LimitReader(c, mostDiscarded))
	if err != nil {
		resetOnClose(c)
	}
	if errors.Is(err, unix.ECONNRESET) {
		return err
	}
	return nil
}

// Reset closes a connection at once, with a RST. A unix socket has none and is just closed.
func Reset(c net.Conn) {
	resetOnClose(c)
	c.Close()
}

func resetOnClose(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// ClosedByPeer reports whether the other side has ended the connection.
func ClosedByPeer(c net.Conn) bool { return polled(c, unix.POLLRDHUP) }

// Readable reports whether data has arrived, or the other side has ended the connection.
func Readable(c net.Conn) bool { return polled(c, unix.POLLIN|unix.POLLRDHUP) }

// polled reports whether one of the poll events has happened, or an error.
func polled(c net.Conn, events int16) bool {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return true // it is closed
	}
	poll := []unix.PollFd{{Events: events}}
	_ = raw.Control(func(fd uintptr) {
		poll[0].Fd = int32(fd)
		_, _ = unix.Poll(poll, 0) // if it is interrupted, the next call tells
	})
	return poll[0].Revents != 0
}

// closePolitely closes an attempt in the background.
func (d Dialer) closePolitely(a attempt) {
	go func() {
		_ = Close(a.Conn)
		d.Own.End(a.client)
	}()
}
