package check

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// What is done to a connection apart from sending a request.

// stirred reports whether something has come back on it, if only the end.
func stirred(c net.Conn) bool {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return true // it is closed
	}
	poll := []unix.PollFd{{Events: unix.POLLIN | unix.POLLRDHUP}}
	_ = raw.Control(func(fd uintptr) {
		poll[0].Fd = int32(fd)
		_, _ = unix.Poll(poll, 0) // of one that was interrupted the next look tells
	})
	return poll[0].Revents != 0
}

// farewell is how long whoever has a connection may take to notice that it is over.
const farewell = 100 * time.Millisecond

// leave says goodbye in peace. Who does not react to that is reset, so that a worker which hangs is not
// left with a connection that would look like a client's. The error is that of a connection
// which was broken off.
func (v *visit) leave() { _ = v.part() }

func (v *visit) part() error {
	defer v.Close()
	_ = v.SetReadDeadline(time.Now().Add(farewell))
	_ = v.Conn.(interface{ CloseWrite() error }).CloseWrite() // of one that is reset already the reading tells
	_, err := io.Copy(io.Discard, io.LimitReader(v.Conn, drainAtMost))
	if err != nil {
		v.linger()
	}
	if errors.Is(err, unix.ECONNRESET) {
		return err
	}
	return nil
}

// reset breaks the connection off.
func (v *visit) reset() {
	v.linger()
	v.Close()
}

// linger makes the next Close a reset. A unix socket knows none.
func (v *visit) linger() {
	if tcp, ok := v.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// cause is an error of the net package without the addresses, which are said already.
func cause(err error) error {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network.Err
	}
	return err
}
