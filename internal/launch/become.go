package launch

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// become takes on everything but the program itself. The order matters: raising a limit needs
// the rights that changing the user gives up, and the kernel forgets the death note
// with the change.
func (s Step) become() error {
	freshSignals()
	if s.Umask != nil {
		unix.Umask(*s.Umask)
	}
	if err := s.limitFiles(); err != nil {
		return err
	}
	if err := s.changeUser(); err != nil {
		return err
	}
	if s.NoNewPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("cannot forbid new privileges: %w", err)
		}
	}
	if err := s.changeDirectory(); err != nil {
		return err
	}
	return s.dieWithParent(cmp.Or(s.DeathNote, unix.SIGTERM))
}

// limitFiles sets the soft limit and the hard one: many programs, Go's among them, raise the soft one as far as
// they can.
func (s Step) limitFiles() error {
	if s.OpenFiles == 0 {
		return nil
	}
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	if err == nil {
		hard := limit.Max
		limit.Cur, limit.Max = s.OpenFiles, s.OpenFiles
		// The syscall package's, not x/sys's: it makes exec forget the limit that Go had found.
		if err = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); errors.Is(err, unix.EPERM) {
			err = fmt.Errorf("%w; without root at most the hard limit of %d is possible", err, hard)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot set the limit of open files (open_files) to %d: %w", s.OpenFiles, err)
	}
	return nil
}

func (s Step) changeUser() error {
	a := s.User
	if a == nil {
		return nil
	}
	err := syscall.Setgroups(a.Supplementary)
	if err == nil {
		err = syscall.Setgid(a.GID)
	}
	if err == nil {
		err = syscall.Setuid(a.UID)
	}
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("%w; only a rota that runs as root can", err)
	}
	if err != nil {
		return fmt.Errorf("cannot run as %s (uid %d, gid %d): %w", a.Name, a.UID, a.GID, err)
	}
	return nil
}

func (s Step) changeDirectory() error {
	if s.Directory == "" {
		return nil
	}
	err := unix.Fchdir(s.DirectoryFD)
	if err != nil {
		return fmt.Errorf("cannot change to the working directory %q: %w", s.Directory, err)
	}
	return unix.Close(s.DirectoryFD)
}

// dieWithParent asks the kernel for the note. A master that died before it could hear this
// sends none, so it is looked for afterwards.
func (s Step) dieWithParent(note syscall.Signal) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(note), 0, 0, 0); err != nil {
		return fmt.Errorf("cannot ask to be told of the master's death: %w", err)
	}
	if s.Parent != 0 && os.Getppid() != s.Parent {
		return errors.New("the master is gone")
	}
	return nil
}
