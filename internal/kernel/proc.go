package kernel

import (
	"os"
	"path/filepath"
	"strconv"
)

// CheckProc returns ErrNoProc if /proc does not show the caller. Then nearly all of this package is of no use, and most of
// it would only say that processes are gone.
func CheckProc() error { return checkProc("/") }

func checkProc(root string) error {
	if self, err := os.Readlink(filepath.Join(root, "proc/self")); err != nil || self != strconv.Itoa(os.Getpid()) {
		return ErrNoProc
	}
	return nil
}
