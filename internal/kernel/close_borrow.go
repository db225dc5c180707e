package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// holders knows which process has which of the wanted sockets open, at which descriptor.
type holders struct {
	places map[uint64][]place // by inode
	pidfds map[int]int        // by pid
}

type place struct {
	process    Process
	descriptor int
}

// findHolders looks for the connections' sockets. It skips a process that it may not inspect: that matters
// only if no other process has the socket.
func findHolders(family Family, list []Connection) *holders {
	h := &holders{places: make(map[uint64][]place, len(list)), pidfds: map[int]int{}}
	for _, c := range list {
		h.places[c.Inode] = nil
	}
	for _, p := range family {
		_ = eachSocket("/proc/"+strconv.Itoa(p.PID)+"/fd", func(name string, inode uint64) {
			known, wanted := h.places[inode]
			descriptor, err := strconv.Atoi(name)
			if wanted && err == nil {
				h.places[inode] = append(known, place{p, descriptor})
			}
		})
	}
	return h
}

func (h *holders) release() {
	for _, fd := range h.pidfds {
		unix.Close(fd)
	}
}

// borrow returns a duplicate of the connection's socket, which the caller must close. The error is ErrClosed
// if no process has it open any more.
func (h *holders) borrow(c Connection) (int, error) {
	refused := ErrClosed
	for _, place := range h.places[c.Inode] {
		fd, err := h.duplicate(place, c)
		if err == nil {
			return fd, nil
		}
		if !errors.Is(err, ErrClosed) {
			refused = err
		}
	}
	return -1, refused
}

func (h *holders) duplicate(p place, c Connection) (int, error) {
	pidfd, err := h.pidfd(p.process)
	if err != nil {
		return -1, err
	}
	fd, err := unix.PidfdGetfd(pidfd, p.descriptor, 0) // close-on-exec
	switch {
	case err == unix.EBADF || err == unix.ESRCH:
		return -1, ErrClosed
	case err != nil:
		return -1, fmt.Errorf("pidfd_getfd: %w", err)
	}
	if !sameSocket(fd, c) { // the descriptor has become another's
		unix.Close(fd)
		return -1, ErrClosed
	}
	return fd, nil
}

// pidfd returns a pidfd of this very process, never of one that has got its pid since.
func (h *holders) pidfd(p Process) (int, error) {
	if fd, open := h.pidfds[p.PID]; open {
		return fd, nil
	}
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err == unix.ESRCH {
		return -1, ErrClosed
	}
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	if err := p.check(); err != nil {
		unix.Close(fd)
		if errors.Is(err, os.ErrProcessDone) || errors.Is(err, fs.ErrNotExist) {
			return -1, ErrClosed
		}
		return -1, err
	}
	h.pidfds[p.PID] = fd
	return fd, nil
}

// sameSocket compares what is never reused. Of an MPTCP connection the list has the cookies of its subflows,
// while the process has the socket above them, which has their inode.
func sameSocket(fd int, c Connection) bool {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil || stat.Ino != c.Inode {
		return false
	}
	if protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL); err == nil && protocol == unix.IPPROTO_MPTCP {
		return true
	}
	own, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	return err == nil && own == c.Cookie
}
