package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// SocketPath is where clients find a unix socket: the path of its file. A second name of the same file, the spare, is
// kept beside it. If somebody deletes the path, rota links the spare to it again: it is the same socket, and no worker
// notices.
type SocketPath struct {
	Path      string
	spare     string
	info      os.FileInfo // tells it from another file at the path
	inherited bool        // rota did not make it, so it never touches it
	Hidden    bool        // the listener is given up: clients are not to find it
	Lost      string      // why clients don't find it; "" if they do
	Gone      bool        // the path is free, but the spare is gone as well
}

// newSocketPath looks at the file that was just bound, and makes its spare.
func newSocketPath(path string, fd int) (*SocketPath, error) {
	file, err := openSocketFile(path)
	if err != nil {
		return nil, err
	}
	defer file.close()
	info, err := file.info()
	if err != nil {
		return nil, err
	}
	p := &SocketPath{Path: path, info: info, spare: fmt.Sprintf("%s%d-%d", sparePrefix(path), os.Getpid(), fd)}
	p.sweep()
	p.keep()
	return p, nil
}

// inheritedPath is the path of an inherited socket; nil if it has none.
func inheritedPath(path string) *SocketPath {
	info, err := os.Lstat(path)
	if err != nil || !filepath.IsAbs(path) {
		return nil
	}
	return &SocketPath{Path: path, info: info, inherited: true}
}

func sparePrefix(path string) string {
	directory, name := filepath.Split(path)
	return directory + "." + name + ".rota-"
}

// sweep removes the spares that killed masters have left. Nobody listens behind those.
func (p *SocketPath) sweep() {
	directory := filepath.Dir(p.Path)
	entries, _ := os.ReadDir(directory)
	for _, e := range entries {
		old := filepath.Join(directory, e.Name())
		if e.Type() != os.ModeSocket || !strings.HasPrefix(old, filepath.Clean(sparePrefix(p.Path))) {
			continue
		}
		conn, err := net.Dial("unix", old)
		if err == nil {
			conn.Close()
		} else if errors.Is(err, unix.ECONNREFUSED) {
			os.Remove(old)
		}
	}
}

// keep makes the spare, unless it is there. If the file system allows none, the next reload has to open the socket
// anew.
func (p *SocketPath) keep() {
	if p.isAt(p.spare) || os.Link(p.Path, p.spare) != nil {
		return
	}
	if !p.isAt(p.spare) { // another had taken the path by then
		os.Remove(p.spare)
	}
}

// isAt reports whether the path leads to the socket. No other file has its inode as long as the socket is open.
func (p *SocketPath) isAt(path string) bool {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(p.info, now)
}

// Look finds out whether clients find the socket. If the file was deleted it puts it back and returns true. It never
// touches a file that somebody else has put there.
func (p *SocketPath) Look() (mended bool) {
	if p.Hidden {
		return false
	}
	now, err := os.Lstat(p.Path)
	absent := errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)
	p.Gone = false
	switch {
	case err == nil && os.SameFile(p.info, now):
		p.Lost = ""
		if !p.inherited {
			p.keep()
		}
	case err == nil:
		p.Lost = "somebody else's file stands at " + p.Path
	case !absent: // nobody can tell
	case p.inherited:
		p.Lost = p.Path + " has been deleted, and it is for whoever gave rota the socket to put it back"
	default:
		if err = p.putBack(); err == nil {
			p.Lost = ""
			return true
		}
		p.Gone = !errors.Is(err, unix.EEXIST) && !p.isAt(p.spare)
		p.Lost = p.Path + " has been deleted and can't be put back: " + err.Error()
	}
	return false
}

// putBack gives the socket its path again, if that is free.
func (p *SocketPath) putBack() error {
	if !p.isAt(p.spare) {
		return errors.New("its second name is gone, too")
	}
	err := os.Link(p.spare, p.Path)
	if errors.Is(err, unix.EPERM) { // the file is another user's by now; that forbids a link, not a move
		err = unix.Renameat2(unix.AT_FDCWD, p.spare, unix.AT_FDCWD, p.Path, unix.RENAME_NOREPLACE)
	}
	return err
}

// hide removes the path, and keeps the spare.
func (p *SocketPath) hide() {
	if p.inherited || p.Hidden {
		return
	}
	p.Hidden, p.Lost, p.Gone = true, "", false
	if !p.isAt(p.Path) {
		return
	}
	if p.isAt(p.spare) || unix.Renameat2(unix.AT_FDCWD, p.Path, unix.AT_FDCWD, p.spare, unix.RENAME_NOREPLACE) != nil {
		os.Remove(p.Path)
	}
}

// show undoes hide. If another file is in the way, the next Look finds it.
func (p *SocketPath) show() {
	if p.Hidden {
		p.Hidden = false
		_ = p.putBack()
	}
}

// remove removes the file for good, unless another master has put its own there.
func (p *SocketPath) remove() {
	if p.inherited {
		return
	}
	for _, path := range []string{p.Path, p.spare} {
		if p.isAt(path) {
			os.Remove(path)
		}
	}
}
