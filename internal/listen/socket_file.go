package listen

import (
	"fmt"
	"io/fs"
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
func (f socketFile) claim(a ListenAddress) error {
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
