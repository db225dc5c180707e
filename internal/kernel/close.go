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

// Closing is the result of closing a connection.
type Closing struct {
	How Manner // "" if it was not closed
	Err error  // why not: ErrClosed, or the error of the kernel
}

// CloseConnections closes connections that the family holds, without its cooperation, so it works even if a
// process hangs. The results are in the order of the list.
//
// It borrows the descriptor with pidfd_getfd (Linux 5.6; the caller must be allowed to ptrace the process, as
// its own user is unless ptrace is restricted) and shuts the socket down. First it shuts down sending, which
// puts a FIN behind what is queued. When the peer has acknowledged that, or after a moment, it shuts down
// receiving, which is how the process learns of it. In the other order, a peer that sends at that moment
// would get a reset, and could lose what was on its way to it. A process that reads to the end and closes
// ends the connection cleanly. One that hangs keeps an unused socket until the peer has closed, too.
//
// Where borrowing is forbidden, a TCP connection is destroyed (SOCK_DESTROY, which needs CAP_NET_ADMIN).
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

// shutDown closes some connections.
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

// destroyInstead destroys a connection that could not be shut down.
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
