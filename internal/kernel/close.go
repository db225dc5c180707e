package kernel

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Manner is how a connection was closed.
type Manner string

// The manners.
const (
	Shutdown  Manner = "shutdown"  // the peer reads what was on its way to it, and then the end
	Destroyed Manner = "destroyed" // the peer is reset, and loses what it had not read
)

// Closing is what became of a connection that was to be closed.
type Closing struct {
	How Manner // "" if it was not closed
	Err error  // why not: ErrClosed, or what the kernel said
}

// CloseConnections closes connections that the family holds, without asking it: so it works on
// a process that hangs. The answers are in the order of the list.
//
// It borrows the descriptor (pidfd_getfd, Linux 5.6, for who may trace the process: its
// own user, where ptrace is not restricted) and shuts the socket down. First only for sending, which puts
// a FIN behind what is queued; and for receiving, which is how the process learns of it, once the peer
// has acknowledged that or a moment later. The other way round a peer that just then sends
// would be answered with a reset, and could lose what was on its way to it. What the process does then is its
// own affair: one that reads to the end and closes ends the connection cleanly, one that hangs keeps a socket
// that nobody uses, until the peer has closed too.
//
// Where that is forbidden, a TCP connection is destroyed (SOCK_DESTROY, for who has CAP_NET_ADMIN).
func CloseConnections(family Family, list []Connection) []Closing {
	closings := make([]Closing, len(list))
	h := findHolders(family, list)
	defer h.release()
	deadline := time.Now().Add(acknowledgedWithin)
	for from := 0; from < len(list); from += closeAtOnce {
		to := min(from+closeAtOnce, len(list))
		h.shutDown(list[from:to], closings[from:to], deadline)
	}
	for i := range closings {
		if err := closings[i].Err; err != nil && !errors.Is(err, ErrClosed) {
			closings[i] = destroyInstead(list[i], err)
		}
	}
	return closings
}

const (
	// closeAtOnce bounds how many descriptors are borrowed at a time.
	closeAtOnce = 64

	// acknowledgedWithin is how long all peers together may take to acknowledge that they have
	// everything, before the processes hear of it.
	acknowledgedWithin = time.Second
)

// shutDown closes a handful of connections.
func (h *holders) shutDown(list []Connection, closings []Closing, deadline time.Time) {
	borrowed := make([]int, 0, len(list))
	for i, c := range list {
		fd, err := h.borrow(c)
		if err == nil {
			err = shut(fd, unix.SHUT_WR)
			borrowed = append(borrowed, fd)
		}
		if err != nil {
			closings[i].Err = err
			continue
		}
		closings[i].How = Shutdown
	}
	for _, fd := range borrowed {
		awaitAcknowledged(fd, deadline)
		_ = shut(fd, unix.SHUT_RD) // by now the connection may be over
		unix.Close(fd)
	}
}

func shut(fd, direction int) error {
	switch err := unix.Shutdown(fd, direction); {
	case errors.Is(err, unix.ENOTCONN):
		return ErrClosed
	case err != nil:
		return fmt.Errorf("shutdown: %w", err)
	}
	return nil
}

// awaitAcknowledged returns when the peer has acknowledged our FIN, or at the deadline. A
// unix socket has none: what is sent is in the peer's hands at once.
func awaitAcknowledged(fd int, deadline time.Time) {
	for {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil || finUnacknowledged(info.State) == 0 || !time.Now().Before(deadline) {
			return
		}
		time.Sleep(acknowledgePause)
	}
}

const acknowledgePause = time.Millisecond

// destroyInstead is for what could not be shut down.
func destroyInstead(c Connection, refused error) Closing {
	err := destroy(c)
	switch {
	case err == nil:
		return Closing{How: Destroyed}
	case errors.Is(err, ErrClosed):
		return Closing{Err: err}
	}
	return Closing{Err: fmt.Errorf("%w; %w", refused, err)}
}
