package master

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// program is the file that the workers of one generation run. It is held open from the
// generation's beginning to its end, so that a worker started days later, after a crash,
// still runs what its reload found on disk.
type program struct {
	*sharedFD
	path string // resolved: absolute, without symbolic links
	argv []string
}

// openProgram finds the command's program as it is on disk now.
func openProgram(command []string) (*program, error) {
	found, err := exec.LookPath(command[0])
	if err != nil {
		return nil, fmt.Errorf("cannot run %q: %w", command[0], err)
	}
	path, err := filepath.EvalSymlinks(found)
	if err != nil {
		return nil, fmt.Errorf("cannot run %q: %w", command[0], err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("cannot run %q: %w", command[0], err)
	}
	// O_PATH, since a program may be executable without being readable.
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot run %q: %w", path, &os.PathError{Op: "open", Path: path, Err: err})
	}
	return &program{sharedFD: shareFD(fd), path: path, argv: command}, nil
}
