package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"rota/internal/account"
)

// socketFile is a handle of a unix socket's file. In a directory that others may write to, the path can
// lead elsewhere at any time, through a symbolic link for one. The handle stays with the file, so
// that nothing else gets a new owner or mode.
type socketFile struct{ handle *os.File }

// openSocketFile opens the file itself: a symbolic link, and everything else that is not a socket, is refused.
func openSocketFile(path string) (socketFile, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return socketFile{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := socketFile{os.NewFile(uintptr(fd), path)}
	info, err := f.handle.Stat()
	if err == nil && info.Mode()&fs.ModeSocket == 0 {
		err = fmt.Errorf("%s is no socket any more: somebody has put something else there", path)
	}
	if err != nil {
		f.close()
		return socketFile{}, err
	}
	return f, nil
}

func (f socketFile) info() (os.FileInfo, error) { return f.handle.Stat() }

// claim gives the file the owner and the mode that are wanted.
func (f socketFile) claim(a Spec) error {
	path := fmt.Sprintf("/proc/self/fd/%d", f.handle.Fd()) // which leads to the file itself
	if a.Owner != "" {
		uid, gid, err := account.LookUpOwner(a.Owner)
		if err != nil {
			return err
		}
		if err := os.Chown(path, uid, gid); err != nil {
			return fmt.Errorf("give %s to %s: %w", a.Address, a.Owner, err)
		}
	}
	if a.Mode != 0 {
		if err := os.Chmod(path, a.Mode); err != nil {
			return fmt.Errorf("set the mode of %s: %w", a.Address, err)
		}
	}
	return nil
}

func (f socketFile) close() { f.handle.Close() }

// ClaimFile gives the socket's file the owner and the mode that are wanted. It touches no other file that may be in
// its place.
func (s *Socket) ClaimFile(wanted Spec) error {
	path := s.Path.Path
	if s.Path.Hidden {
		path = s.Path.spare
	}
	file, err := openSocketFile(path)
	if err != nil {
		return err
	}
	defer file.close()
	info, err := file.info()
	if err != nil {
		return err
	}
	if !os.SameFile(s.Path.info, info) {
		return fmt.Errorf("%s is not rota's socket any more: somebody has put another there", path)
	}
	return file.claim(wanted)
}

// removeStale removes the file of a unix socket if a killed master has left it. A socket that answers, or a file that is
// no socket, belongs to somebody.
func removeStale(a Spec) error {
	if !a.IsPath() {
		return nil
	}
	info, err := os.Lstat(a.Address)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil // nothing there, or bind will complain
	}
	inUse := &net.OpError{Op: "listen", Net: a.Network, Addr: &net.UnixAddr{Name: a.Address, Net: a.Network}, Err: unix.EADDRINUSE}
	conn, err := net.Dial(a.Network, a.Address)
	if err == nil {
		conn.Close()
		return Hint(a.Network, fmt.Errorf("another process serves it: %w", inUse))
	}
	if errors.Is(err, unix.EPROTOTYPE) {
		return Hint(a.Network, fmt.Errorf("another process serves a socket of another kind there: %w", inUse))
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return os.Remove(a.Address)
}
