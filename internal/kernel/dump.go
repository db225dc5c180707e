package kernel

import (
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// dumpAttempts bounds how often a listing is begun again: whatever disturbs
	// it three times in a row is not going to pass by itself.
	dumpAttempts = 3

	// dumpBuffer is the most the kernel puts into one reply of a listing.
	dumpBuffer = 32 << 10
)

// dump sends one sock_diag request and returns the replies, one a socket.
func dump(request []byte) ([]netlink.Message, error) {
	var (
		messages []netlink.Message
		err      error
	)
	for range dumpAttempts {
		messages, err = dumpOnce(request)
		if !passing(err) {
			break
		}
	}
	return messages, err
}

func dumpOnce(request []byte) ([]netlink.Message, error) {
	messages, err := execute(unix.SOCK_DIAG_BY_FAMILY, netlink.Dump, request)
	if errors.Is(err, unix.ENOENT) { // no module has registered for the family
		return nil, fmt.Errorf("%w: %w", ErrNoDiag, err)
	}
	if err != nil {
		return nil, err
	}
	return messages, complete(messages)
}

// execute uses a socket of its own, so a listing that broke off leaves nothing
// behind that the next one could take for its answer.
func execute(kind netlink.HeaderType, flags netlink.HeaderFlags, request []byte) ([]netlink.Message, error) {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG, &netlink.Config{MessageBufferSize: dumpBuffer})
	if err != nil {
		err = fmt.Errorf("open netlink socket: %w", err)
	}
	if forbidden(err) {
		return nil, fmt.Errorf("%w: %w", ErrNoDiag, err)
	}
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.Execute(netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request | flags},
		Data:   request,
	})
}

// forbidden tells that there is no netlink here from a failure to open one more file. A sandbox has the
// choice of words.
func forbidden(err error) bool {
	for _, refusal := range []error{unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.ESOCKTNOSUPPORT, unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EOPNOTSUPP} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func complete(messages []netlink.Message) error {
	for _, m := range messages {
		if m.Header.Flags&netlink.DumpInterrupted != 0 {
			return ErrInterrupted
		}
	}
	return nil
}

// passing tells a failure that beginning again may cure: the sockets changed
// under the listing, a signal came, or the replies overran the socket's buffer.
func passing(err error) bool {
	return errors.Is(err, ErrInterrupted) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOBUFS)
}
