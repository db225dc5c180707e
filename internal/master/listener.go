package master

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
)

// listener is a listening socket that the master holds open and every worker inherits.
//
// It is a bare descriptor on purpose. A net.Listener would sit in the Go runtime's poller
// and wake the master for every connection, and its File and Fd methods clear O_NONBLOCK
// on the description that all workers share, after which their Close can't wake their
// Accept.
type listener struct {
	ListenAddress
	*sharedFD
	kernel kernel.Listener
	file   os.FileInfo // of a unix socket's path; nil otherwise
}

// openListeners opens all of them, or none.
func openListeners(addresses []ListenAddress) ([]*listener, error) {
	var list []*listener
	for _, a := range addresses {
		l, err := openListener(a)
		if err != nil {
			closeAll(list)
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func openListener(a ListenAddress) (*listener, error) {
	if err := removeStale(a); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
	}
	fd, err := listen(a)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, Hint(a.Network, err))
	}
	l := &listener{ListenAddress: a, sharedFD: shareFD(fd)}
	if l.kernel, err = kernel.Describe(a.Name, fd); err == nil && a.isPath() {
		l.file, err = os.Lstat(a.Address)
	}
	if err != nil {
		l.drop()
		return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
	}
	return l, nil
}

// listen has the net package do it, for its way with addresses and options, and takes a
// descriptor of its own from what that made.
func listen(a ListenAddress) (fd int, err error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the kernel would not show such a connection's half-close
	made, err := config.Listen(context.Background(), a.Network, a.Address)
	if err != nil {
		return 0, err
	}
	defer made.Close()
	if u, ok := made.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	raw, err := made.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	refused := raw.Control(func(theirs uintptr) {
		fd, err = unix.FcntlInt(theirs, unix.F_DUPFD_CLOEXEC, 3)
	})
	return fd, errors.Join(refused, err)
}

// isPath reports whether the address is a file.
func (a ListenAddress) isPath() bool { return a.Network == "unix" && a.Address[0] != '@' }

// Hint adds what to do to the errors that people meet when they listen on a network
// ("tcp" or "unix").
func Hint(network string, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w; is another rota running? stop it, or choose another address", err)
	case errors.Is(err, unix.EACCES) && network == "tcp":
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
	if !a.isPath() {
		return nil
	}
	info, err := os.Lstat(a.Address)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil // nothing there, or bind will complain
	}
	conn, err := net.Dial("unix", a.Address)
	if err == nil {
		conn.Close()
		return fmt.Errorf("another process serves it: %w", unix.EADDRINUSE)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return os.Remove(a.Address)
}

// turnAway has the kernel drop the packets that would open new connections, so that the queue is finite
// and the workers can empty it before they let go of the socket: who is in it when it closes
// is reset. Who is turned away tries again within a second, and is refused then. Only for a
// socket that nobody will listen on after us. A unix socket has no such filter.
func (l *listener) turnAway() {
	if l.Network != "tcp" {
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
	_ = unix.SetsockoptSockFprog(l.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// close gives the socket up. The file of a unix socket goes with it, unless another
// master has put its own there meanwhile.
func (l *listener) close() {
	if l.file != nil {
		if now, err := os.Lstat(l.Address); err == nil && os.SameFile(l.file, now) {
			os.Remove(l.Address)
		}
	}
	l.drop()
}

func closeAll(list []*listener) {
	for _, l := range list {
		l.close()
	}
}
