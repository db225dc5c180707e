package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/master"
)

// socket is a listening socket that only the doctor's clients know of. The doctor holds it open
// itself, as a master with other workers would, so that what the program leaves in the queue
// stays there. It is a bare descriptor for the reason that the master's are.
type socket struct {
	fd   int
	at   kernel.Listener
	file os.FileInfo // of a unix socket's path; nil otherwise
}

// openSocket opens one of the name and the network. directory is for a unix socket's file.
func openSocket(a master.ListenAddress, directory string) (*socket, error) {
	family, address := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	switch {
	case a.Network == "unix":
		family, address = unix.AF_UNIX, &unix.SockaddrUnix{Name: filepath.Join(directory, a.Name)}
	case a.IPv6Only:
		family, address = unix.AF_INET6, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	s := &socket{fd: fd}
	if err := unix.SetNonblock(fd, a.NonBlock); err != nil {
		s.close()
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	if err := s.listen(a.Name, address); err != nil {
		s.close()
		return nil, fmt.Errorf("listen for the program: %w", err)
	}
	return s, nil
}

func (s *socket) listen(name string, address unix.Sockaddr) (err error) {
	if err = unix.Bind(s.fd, address); err != nil {
		return err
	}
	if err = unix.Listen(s.fd, 4096); err != nil {
		return err
	}
	if s.at, err = kernel.Describe(name, s.fd); err != nil {
		return err
	}
	if s.at.Family == unix.AF_UNIX {
		s.file, err = os.Lstat(s.at.Path)
	}
	return err
}

func (s *socket) close() { unix.Close(s.fd) }

func (s *socket) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: answerBound}
	return dialer.DialContext(ctx, s.at.Network(), s.at.Address())
}

// waiting reports whether somebody is in the queue. A socket that was shut down has none.
func (s *socket) waiting() bool {
	queues, err := kernel.AcceptQueues([]kernel.Listener{s.at})
	return err != nil || queues[s.at.Name].Depth > 0
}

// backlog is how many may wait in the queue; 0: not known, as of a socket that was shut down.
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

// defers reports whether the program has asked for connections only when something was said on them.
func (s *socket) defers() bool {
	seconds, err := unix.GetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT)
	return err == nil && seconds > 0
}

func (s *socket) nonBlocking() bool {
	flags, err := unix.FcntlInt(uintptr(s.fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK != 0
}

// linked reports whether the path, if there is one, still leads here.
func (s *socket) linked() bool {
	if s.file == nil {
		return true
	}
	now, err := os.Lstat(s.at.Path)
	return err == nil && os.SameFile(s.file, now)
}

// empty takes whoever is in the queue, as another worker would, and returns how many there were.
// It is for when the program is gone.
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

// listens tries whether a client still gets here. It is for when the program is gone. A unix
// socket without its path can't be tried, but asked.
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
	_, _ = c.Write([]byte("\n")) // the program may have set TCP_DEFER_ACCEPT
	return within(ctx, time.Second, func() bool { return s.empty() > 0 })
}
