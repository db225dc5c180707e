package master

import (
	"context"
	"errors"
	"fmt"
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
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the kernel would not show such a connection's half-close
	ln, err := config.Listen(context.Background(), a.Network, a.Address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, hint(a, err))
	}
	defer ln.Close()
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var own int
	if e := raw.Control(func(fd uintptr) {
		own, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3)
	}); e != nil || err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", a, errors.Join(e, err))
	}
	l := &listener{ListenAddress: a, sharedFD: shareFD(own)}
	if l.kernel, err = kernel.Describe(a.Name, l.fd); err != nil {
		l.drop()
		return nil, err
	}
	if a.isPath() {
		if l.file, err = os.Lstat(a.Address); err != nil {
			l.drop()
			return nil, fmt.Errorf("cannot listen on %s: %w", a, err)
		}
	}
	return l, nil
}

// isPath reports whether the address is a file.
func (a ListenAddress) isPath() bool { return a.Network == "unix" && a.Address[0] != '@' }

// hint says what to do about the errors that people meet.
func hint(a ListenAddress, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w; is another rota running? choose another address with --listen", err)
	case errors.Is(err, unix.EACCES) && a.Network == "tcp":
		return fmt.Errorf("%w; ports below 1024 need root or CAP_NET_BIND_SERVICE", err)
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
