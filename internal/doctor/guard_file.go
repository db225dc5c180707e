package doctor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A guard keeps the file of a socket by a second link, or puts a decoy where there is no file.

// putDecoy binds a socket to the path. Nobody listens on it, so a service that starts there replaces it.
func (g *guarded) putDecoy() bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	if unix.Bind(fd, &unix.SockaddrUnix{Name: g.path}) != nil {
		unix.Close(fd)
		return false
	}
	g.decoy = fd
	return true
}

// save makes the second link to the file.
func (g *guarded) save() error {
	directory, name := filepath.Split(g.path)
	spare := fmt.Sprintf("%s.%s.rota-doctor-%d", directory, name, os.Getpid())
	err := os.Link(g.path, spare)
	if err == nil {
		g.spare = spare
		return nil
	}
	if unix.Access(directory, unix.W_OK) != nil {
		return nil // the program has no more rights, so it cannot remove the file
	}
	return fmt.Errorf("%s is in use, and could not be put back if the program removed it: %w; give --listen another path", g.path, err)
}

// putBack restores a file that is missing.
func (g *guarded) putBack() {
	switch {
	case g.spare != "":
		_ = os.Link(g.spare, g.path)
	case g.decoy >= 0:
		unix.Close(g.decoy)
		if g.decoy = -1; g.putDecoy() {
			if now, err := os.Lstat(g.path); err == nil {
				g.file = now
			}
		}
	}
}

// replaceDead restores a file that was replaced by a socket on which nobody listens any more.
func (g *guarded) replaceDead() {
	now, err := os.Lstat(g.path)
	if err != nil || os.SameFile(g.file, now) || g.spare == "" || now.Mode()&os.ModeSocket == 0 {
		return
	}
	c, err := net.Dial("unix", g.path)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return
	}
	again := g.spare + ".back"
	if os.Link(g.spare, again) == nil && os.Rename(again, g.path) == nil {
		if now, err := os.Lstat(g.path); err == nil {
			g.file = now
		}
	}
}

// remove removes the second link and the decoy.
func (g *guarded) remove() {
	if g.spare != "" {
		os.Remove(g.spare)
	}
	if g.tells >= 0 {
		unix.Close(g.tells)
	}
	if g.decoy < 0 {
		return
	}
	if now, err := os.Lstat(g.path); err == nil && g.file != nil && os.SameFile(g.file, now) {
		os.Remove(g.path)
	}
	unix.Close(g.decoy)
	g.decoy = -1
}
