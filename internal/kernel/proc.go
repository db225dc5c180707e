package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// ErrNoProc says that /proc does not show the caller.
var ErrNoProc = errors.New("/proc is not mounted, or belongs to another PID namespace; mount it: mount -t proc proc /proc")

// CheckProc returns ErrNoProc if /proc does not show the caller. Then nearly all of this package is of no
// use, and most of it would only say that processes are gone.
func CheckProc() error { return showsCaller("/") }

func showsCaller(root string) error {
	if self, err := os.Readlink(filepath.Join(root, "proc/self")); err != nil || self != strconv.Itoa(os.Getpid()) {
		return ErrNoProc
	}
	return nil
}
