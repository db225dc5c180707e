package master

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sharedFD is a descriptor that is closed when its last holder drops it. The loop may
// give one up while a fork that needs it is under way; closed then, its number could
// already mean another file.
type sharedFD struct {
	fd      int
	holders atomic.Int32
}

// shareFD takes over fd; its caller is the first holder.
func shareFD(fd int) *sharedFD {
	s := &sharedFD{fd: fd}
	s.holders.Store(1)
	return s
}

func (s *sharedFD) hold() { s.holders.Add(1) }

func (s *sharedFD) drop() {
	if s.holders.Add(-1) == 0 {
		unix.Close(s.fd)
	}
}
