package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// Socket is a bound socket that the master holds open and workers inherit.
//
// It is a bare descriptor on purpose. A net.Listener would sit in the Go runtime's poller
// and wake the master for every connection, and its File and Fd methods clear O_NONBLOCK
// on the description that all workers share, after which their Close can't wake their
// Accept.
type Socket struct {
	*SharedFD
	Asked  ListenAddress // that it was made for
	Kernel kernel.Listener
	Path   *SocketPath // of a unix socket that has a path; nil otherwise
	given  bool        // by whoever started rota, who may go on listening on it
	ready  bool        // with ReusePort: its slot, that the pool has grown to, has had a worker that accepts
}

func OpenSocket(a ListenAddress) (*Socket, error) {
	if err := removeStale(a); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
	}
	fd, err := bind(a)
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

// bind has the net package do it, for its way with addresses and options, and takes a
// descriptor of its own from what that made.
func bind(a ListenAddress) (fd int, err error) {
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
	// The flag belongs to the description that all workers share, and Go has set it. Who calls accept
	// and knows no EAGAIN would spin; systemd and the others pass sockets on that block, too.
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

func listen(config net.ListenConfig, network string, a ListenAddress) (netSocket, error) {
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

// duplicate takes a descriptor of its own from c.
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

// WithDescriptor does something to the descriptor of a socket of the net package.
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

// Hint adds what to do to the errors that people meet when they listen on a network.
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

// removeStale removes a unix socket's file that a killed master left, and only that:
// one that answers, or that is no socket, is somebody's.
func removeStale(a ListenAddress) error {
	if !a.IsPath() {
		return nil
	}
	info, err := os.Lstat(a.Address)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil // nothing there, or bind will complain
	}
	inUse := &net.OpError{Op: "listen", Net: a.Network, Addr: &net.UnixAddr{Name: a.Address, Net: a.Network}, Err: unix.EADDRINUSE}
	conn, err := net.Dial(a.Network, a.Address)
	if err == nil {
		conn.Close()
		return Hint(a.Network, fmt.Errorf("another process serves it: %w", inUse))
	}
	if errors.Is(err, unix.EPROTOTYPE) {
		return Hint(a.Network, fmt.Errorf("another process serves a socket of another kind there: %w", inUse))
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return os.Remove(a.Address)
}

// ClaimFile gives the socket's file the owner and the mode that are wanted, and nothing else that may stand in its place.
func (s *Socket) ClaimFile(wanted ListenAddress) error {
	path := s.Path.Path
	if s.Path.Hidden {
		path = s.Path.spare
	}
	file, err := openSocketFile(path)
	if err != nil {
		return err
	}
	defer file.close()
	info, err := file.info()
	if err != nil {
		return err
	}
	if !os.SameFile(s.Path.info, info) {
		return fmt.Errorf("%s is not rota's socket any more: somebody has put another there", path)
	}
	return file.claim(wanted)
}

// turnAway has the kernel drop the packets that would open new connections, so that the queue is finite
// and the workers can empty it before they let go of the socket: who is in it when it closes
// is reset. Who is turned away tries again within a second, and is refused then. Not done to a
// socket that somebody else may go on listening on. A unix socket has no such filter; without
// its file nobody finds it any more.
func (s *Socket) turnAway() {
	if s.given {
		return
	}
	if s.Path != nil {
		s.Path.hide()
	}
	if s.Asked.Network != "tcp" {
		return
	}
	const flags, syn = 13, 0x02 // where TCP's header has them, and the one that opens a connection
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},              // drop
		{Code: unix.BPF_RET | unix.BPF_K, K: math.MaxUint32}, // let the whole packet in
	}
	// Without the filter a few may be lost, which is no reason to stay.
	_ = unix.SetsockoptSockFprog(s.FD, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// invite takes turnAway back.
func (s *Socket) invite() {
	if s.Asked.Network == "tcp" && !s.given {
		_ = unix.SetsockoptInt(s.FD, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
	}
	if s.Path != nil {
		s.Path.show()
	}
}

// Close gives the socket up for good, with its file.
func (s *Socket) Close() {
	if s.Path != nil {
		s.Path.remove()
	}
	s.Drop()
}

// ListenAgain has a socket that was shut down listen again, and reports whether it listens where it did.
func (s *Socket) ListenAgain() bool {
	if s.Kernel.Network() != "tcp" || unix.Listen(s.FD, somaxconn) != nil {
		return false
	}
	now, err := kernel.Describe("", s.FD)
	return err == nil && now.Address() == s.Kernel.Address() // a port that the kernel chose is another by now
}

// somaxconn asks for as long a queue as the kernel allows.
const somaxconn = 1 << 16
