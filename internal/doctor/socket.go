package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// socket is a listening socket that only the doctor's clients know. The doctor keeps it open, as a master
// with other workers does, so the connections that the program leaves in the queue stay there. It is a bare
// descriptor, as in the master: os.File could change the flags that all workers share.
type socket struct {
	fd   int
	at   kernel.Listener
	file os.FileInfo // of a unix socket's path; nil otherwise
}

func openSocket(a listen.Spec) (*socket, error) {
	fd, err := listen.Bind(a)
	if err != nil {
		return nil, fmt.Errorf("listen for the program: %w", err)
	}
	s := &socket{fd: fd}
	s.at, err = kernel.Describe(a.Name, s.fd)
	if err == nil && a.Network != "tcp" {
		s.file, err = os.Lstat(a.Address)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("listen for the program: %w", err)
	}
	return s, nil
}

// close also removes the file, unless it was replaced.
func (s *socket) close() {
	if s.file != nil && s.linked() {
		os.Remove(s.at.Path)
	}
	if s.fd >= 0 {
		unix.Close(s.fd)
	}
}

func (s *socket) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: answerBound}
	return dialer.DialContext(ctx, s.at.Network(), s.at.Address())
}

// waiting reports whether a connection is in the queue. It is true for a socket that was shut down.
func (s *socket) waiting() bool {
	queues, err := kernel.AcceptQueues([]kernel.Listener{s.at})
	return err != nil || queues[s.at.Name].Depth > 0
}

// backlog returns how many connections may wait in the queue; 0: not known, as for a socket that was shut
// down.
func (s *socket) backlog() uint32 {
	queues, err := kernel.AcceptQueues([]kernel.Listener{s.at})
	if err != nil {
		return 0
	}
	return queues[s.at.Name].Backlog
}

// unread reports whether a connection has bytes that the program has not read.
func (s *socket) unread() bool {
	connections, err := kernel.Connections([]kernel.Listener{s.at})
	for _, c := range connections {
		if c.RecvQueue > 0 {
			return true
		}
	}
	return err != nil
}

// defers reports whether the program has set TCP_DEFER_ACCEPT.
func (s *socket) defers() bool {
	seconds, err := unix.GetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT)
	return err == nil && seconds > 0
}

func (s *socket) nonBlocking() bool {
	flags, err := unix.FcntlInt(uintptr(s.fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK != 0
}

// linked reports whether the path, if there is one, still leads to this socket.
func (s *socket) linked() bool {
	if s.file == nil {
		return true
	}
	now, err := os.Lstat(s.at.Path)
	return err == nil && os.SameFile(s.file, now)
}

// empty accepts and closes all connections in the queue, and returns how many there were. Call it after the
// program has ended.
func (s *socket) empty() int {
	if unix.SetNonblock(s.fd, true) != nil {
		return 0
	}
	n := 0
	for {
		fd, _, err := unix.Accept4(s.fd, unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			unix.Close(fd)
			n++
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			return n
		}
	}
}

// listens reports whether a client can still connect. Call it after the program has ended. If the path of a
// unix socket is gone it asks the kernel, because no client can connect by the path.
func (s *socket) listens() bool {
	s.empty()
	if !s.linked() {
		listens, err := kernel.Listening(s.fd)
		return err == nil && listens
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := s.dial(ctx)
	if err != nil {
		return false
	}
	defer c.Close()
	_, _ = c.Write([]byte("\n")) // for the case that the program has set TCP_DEFER_ACCEPT
	return within(ctx, time.Second, func() bool { return s.empty() > 0 })
}
