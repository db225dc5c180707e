package doctor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// listen asks the kernel to report when the file is removed or renamed. So the guard can put it back before a
// client misses it, and learns of it even if somebody else has put it back.
func (g *guarded) listen() {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return
	}
	if _, err := unix.InotifyAddWatch(fd, filepath.Dir(g.path), unix.IN_DELETE|unix.IN_MOVED_FROM); err != nil {
		unix.Close(fd)
		return
	}
	g.tells = fd
}

func (g *guarded) watch() {
	for !closed(g.stop) {
		if g.tells < 0 {
			time.Sleep(pause)
		} else {
			report := unix.PollFd{Fd: int32(g.tells), Events: unix.POLLIN} //nolint:gosec // a descriptor fits
			_, _ = unix.Poll([]unix.PollFd{report}, int(lookEvery/time.Millisecond))
		}
		g.look()
	}
}

// lookEvery is how often the path is checked when the kernel reports nothing.
const lookEvery = 20 * time.Millisecond

// look checks the path and puts the file back if it is missing.
func (g *guarded) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.hasLeft()
	now, err := os.Lstat(g.path)
	if err == nil && os.SameFile(g.file, now) && !left {
		return
	}
	g.lost = true
	if errors.Is(err, os.ErrNotExist) {
		g.putBack()
	}
}

// hasLeft reads the reports of the kernel: was the file removed or renamed since the last look?
func (g *guarded) hasLeft() (left bool) {
	buffer := make([]byte, 4<<10)
	for g.tells >= 0 {
		n, err := unix.Read(g.tells, buffer)
		if err != nil || n <= 0 {
			break
		}
		left = left || named(buffer[:n], filepath.Base(g.path))
	}
	return left
}

// named reports whether one of the inotify events is about the file.
func named(events []byte, file string) bool {
	for len(events) >= unix.SizeofInotifyEvent {
		size := int(binary.NativeEndian.Uint32(events[12:])) // length of the name, padded with zeros
		end := min(unix.SizeofInotifyEvent+size, len(events))
		if string(bytes.TrimRight(events[unix.SizeofInotifyEvent:end], "\x00")) == file {
			return true
		}
		events = events[end:]
	}
	return false
}
