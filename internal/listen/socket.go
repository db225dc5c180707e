package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// Socket is a bound socket that the master holds open and workers inherit.
//
// It is a bare descriptor on purpose. A net.Listener would be in the Go runtime's poller and wake the master for every
// connection. Its File and Fd methods clear O_NONBLOCK, which all workers share; after that their Close can't wake
// their Accept.
type Socket struct {
	*SharedFD
	Asked  Spec // for which it was made
	Kernel kernel.Listener
	Path   *SocketPath // of a unix socket that has a path; nil otherwise

	inherited bool // whoever started rota may go on listening on it
	ready     bool // with ReusePort: its slot, that the pool has grown to, has had a worker that accepts
}

// OpenSocket binds a socket to the address.
func OpenSocket(a Spec) (*Socket, error) {
	if err := removeStale(a); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
	}
	fd, err := Bind(a)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, Hint(a.Network, err))
	}
	s := &Socket{SharedFD: ShareFD(fd), Asked: a}
	if s.Kernel, err = kernel.Describe(a.Name, fd); err == nil && a.IsPath() {
		if s.Path, err = newSocketPath(a.Address, fd); err == nil {
			err = s.ClaimFile(a)
		}
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
	}
	return s, nil
}

// Bind returns a descriptor of a new socket that is bound to the address, and listens if it is a stream. It leaves the
// work to the net package, which knows addresses and options, and duplicates the descriptor.
func Bind(a Spec) (fd int, err error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the kernel would not show such a connection's half-close
	if a.ReusePort {
		config.Control = reusePort
	}
	network := a.Network
	if a.IPv6Only {
		network += "6"
	}
	made, err := listen(config, network, a)
	if err != nil {
		return 0, err
	}
	defer made.Close()
	if fd, err = duplicate(made); err != nil {
		return 0, err
	}
	// Go has set the flag, and all workers share it. A program that calls accept and does not know EAGAIN would spin.
	// systemd and others pass on blocking sockets, too.
	if err = unix.SetNonblock(fd, a.NonBlock); err != nil {
		unix.Close(fd)
		return 0, err
	}
	return fd, nil
}

// netSocket is what every socket of the net package is.
type netSocket interface {
	syscall.Conn
	io.Closer
}

func listen(config net.ListenConfig, network string, a Spec) (netSocket, error) {
	if !a.Stream() {
		c, err := config.ListenPacket(context.Background(), network, a.Address)
		if err != nil {
			return nil, err
		}
		return c.(netSocket), nil
	}
	l, err := config.Listen(context.Background(), network, a.Address)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return l.(netSocket), nil
}

// duplicate returns a new descriptor of c's socket.
func duplicate(c syscall.Conn) (fd int, err error) {
	err = WithDescriptor(c, func(theirs int) (err error) {
		fd, err = unix.FcntlInt(uintptr(theirs), unix.F_DUPFD_CLOEXEC, 3)
		return err
	})
	return fd, err
}

func reusePort(_, _ string, c syscall.RawConn) error {
	return withRaw(c, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
}

// WithDescriptor calls do with the descriptor of a socket of the net package.
func WithDescriptor(c syscall.Conn, do func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return withRaw(raw, do)
}

func withRaw(c syscall.RawConn, do func(fd int) error) error {
	var done error
	refused := c.Control(func(fd uintptr) { done = do(int(fd)) })
	return errors.Join(refused, done)
}

// Hint adds to a common error of listening what to do about it.
func Hint(network string, err error) error {
	internet := network == "tcp" || network == "udp"
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w; %s", err, whoHas(err))
	case errors.Is(err, unix.EACCES) && internet:
		return fmt.Errorf("%w; ports below 1024 need root or CAP_NET_BIND_SERVICE", err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w; the directory must be writable for this user", err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w; create the socket's directory first", err)
	}
	return err
}

// Close closes the socket for good, and removes its file.
func (s *Socket) Close() {
	if s.Path != nil {
		s.Path.remove()
	}
	s.Drop()
}

// ListenAgain makes a socket listen again that was shut down. It reports whether it listens at the same address.
func (s *Socket) ListenAgain() bool {
	if s.Kernel.Network() != "tcp" || unix.Listen(s.FD, somaxconn) != nil {
		return false
	}
	now, err := kernel.Describe("", s.FD)
	return err == nil && now.Address() == s.Kernel.Address() // a port that the kernel chose is another by now
}

// somaxconn asks for as long a queue as the kernel allows.
const somaxconn = 1 << 16
