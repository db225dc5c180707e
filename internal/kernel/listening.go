package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Listening is false once somebody has shut the socket down, which ends it for every
// process that shares it: shutdown(2) acts on the socket, not on a descriptor. It asks two
// or three cheap questions of an open descriptor, listening stream or bound datagram socket.
//
// A TCP listener that was shut down listens again after listen(2), at the same port if it was
// bound to a port by number. The others can't be mended and must be opened anew.
func Listening(fd int) (bool, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return false, fmt.Errorf("SO_TYPE: %w", err)
	}
	if kind != unix.SOCK_DGRAM {
		accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err != nil {
			return false, fmt.Errorf("SO_ACCEPTCONN: %w", err)
		}
		if accepts == 0 {
			return false, nil
		}
	}
	shut, err := shutForReading(fd)
	return err == nil && !shut, err
}

// shutForReading knows what SO_ACCEPTCONN conceals: a unix listener that was shut down
// keeps saying that it accepts, and refuses everybody.
func shutForReading(fd int) (bool, error) {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	for {
		_, err := unix.Poll(poll, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("poll: %w", err)
		}
		return poll[0].Revents&unix.POLLRDHUP != 0, nil
	}
}
