package worker

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	acceptsPerPlace = 16                     // then the listener goes to the end of the kernel's waiting line
	acceptPause     = 100 * time.Millisecond // when accept failed for want of something
	sweepLimit      = 4096                   // Linux' default and so the usual longest accept queue
)

// listener is an inherited socket whose connections are accepted.
type listener struct {
	socket
	serve func(fd int, remote netip.AddrPort)
}

func newListener(l *loop, given Listener) *listener {
	ln := &listener{socket: newSocket(l, given)}
	ln.serve = func(fd int, remote netip.AddrPort) { l.serve(ln, fd, remote) }
	if given.isHTTP() {
		ln.serve = func(fd int, remote netip.AddrPort) { l.web.take(ln.name, fd, remote) }
	}
	return ln
}

// start is where connections begin to be accepted.
func (ln *listener) start() error {
	if err := checkListening(ln.fd); err != nil {
		return err
	}
	// Whoever spawned us may have cleared the flag, and it is shared with all workers: without it one
	// of them would sleep in accept4 when another was faster.
	if err := unix.SetNonblock(ln.fd, true); err != nil {
		return os.NewSyscallError("set O_NONBLOCK", err)
	}
	if err := tune(ln.fd); err != nil {
		return err
	}
	return ln.watch(ln)
}

// checkListening is also who says that the descriptor is no socket that the worker knows how to serve.
func checkListening(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w: %w", fd, ErrNotServable, err)
	}
	if kind != unix.SOCK_STREAM {
		return fmt.Errorf("descriptor %d: %w: %s", fd, ErrNotServable, kindName(kind))
	}
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil || listening == 0 {
		return fmt.Errorf("descriptor %d: %w", fd, ErrNotListening)
	}
	return nil
}

func kindName(kind int) string {
	switch kind {
	case unix.SOCK_SEQPACKET:
		return "a socket for sequential packets"
	case unix.SOCK_RAW:
		return "a raw socket"
	default:
		return fmt.Sprintf("a socket of type %d", kind)
	}
}

// tune sets on the listener what its connections inherit on Linux, which saves four system calls for
// each of them. There's no TCP_USER_TIMEOUT: it would also cut a living client that doesn't read for long.
func tune(fd int) error {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || domain == unix.AF_UNIX {
		return os.NewSyscallError("getsockopt SO_DOMAIN", err)
	}
	return os.NewSyscallError("setsockopt", errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15),
	))
}

func (ln *listener) resume() error {
	if ln.watched {
		return nil
	}
	return ln.watch(ln)
}

// ready accepts one connection, so that the open ones have their turn. The poller comes again if another waits.
func (ln *listener) ready() {
	if _, err := ln.accept(); err != nil {
		ln.pause(err)
	}
}

// accept takes one connection, if there is one. Without an error, more says whether another may wait.
// syscall's accept4 is used because the one in x/sys asks the kernel for the protocol each time.
func (ln *listener) accept() (more bool, err error) {
	fd, remote, err := syscall.Accept4(ln.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch {
	case err == nil:
		ln.serve(fd, addrPort(remote))
		if err := ln.takeTurns(ln, acceptsPerPlace); err != nil {
			ln.pause(err)
		}
		return true, nil
	case errors.Is(err, unix.EAGAIN): // another worker was faster
		return false, nil
	case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED): // this one gave up while it waited
		return true, nil
	default:
		return false, os.NewSyscallError("accept4", err)
	}
}

// pause is for want of descriptors or memory. They are the whole process's, so all listeners pause, and
// since a level-triggered listener would report at once again, they leave the epoll set for a while.
func (ln *listener) pause(why error) {
	ln.troubles.Warn().Err(why).Str("listener", ln.name).Dur("pause", acceptPause).
		Msg("connections can't be accepted, accepting pauses")
	for _, other := range ln.loop.sockets {
		if other, ok := other.(*listener); ok {
			other.unwatch()
		}
	}
	ln.loop.resumeAfter(acceptPause)
}

// retire accepts what waits and closes our copy. The listener leaves the epoll set first: after that no
// connection wakes us in place of a worker that goes on, and what woke us before is in the queue. It is
// closed, never shut down, which would stop it for everybody; and a unix socket's path stays.
func (ln *listener) retire() {
	ln.unwatch()
	for range sweepLimit {
		more, err := ln.accept()
		if err != nil {
			ln.troubles.Warn().Err(err).Str("listener", ln.name).Msg("accept queue can't be emptied")
		}
		if !more {
			break
		}
	}
	ln.close()
	ln.loop.log.Debug().Str("listener", ln.name).Int("connections", ln.taken).Msg("listener closed")
}
