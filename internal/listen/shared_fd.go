package listen

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// SharedFD is a descriptor that is closed when its last holder drops it. The loop may drop one while a fork that needs it
// is under way; if it were closed then, its number could already mean another file.
type SharedFD struct {
	FD      int
	holders atomic.Int32
}

// ShareFD takes over fd; its caller is the first holder.
func ShareFD(fd int) *SharedFD {
	s := &SharedFD{FD: fd}
	s.holders.Store(1)
	return s
}

// Hold adds a holder.
func (s *SharedFD) Hold() { s.holders.Add(1) }

// Drop removes a holder, and closes the descriptor after the last.
func (s *SharedFD) Drop() {
	if s.holders.Add(-1) == 0 {
		unix.Close(s.FD)
	}
}
