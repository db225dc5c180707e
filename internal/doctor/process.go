package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"

	"rota/internal/kernel"
)

// family returns every process of the program that has not ended: all descendants of the doctor. The doctor
// starts nothing else, and as a subreaper it also inherits orphans.
func family() kernel.Family {
	_, all, err := kernel.Families(nil)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(p kernel.Process) bool { return p.Zombie })
}

// remaining returns the processes that are left when the worker is over, and kills them. It first gives them
// a moment to exit by themselves, as helpers do whose pipe is closed.
func remaining() kernel.Family {
	var left kernel.Family
	within(context.Background(), settled, func() bool {
		left = family()
		return len(left) == 0
	})
	within(context.Background(), patience, func() bool {
		rest := family() // includes those that were forked meanwhile
		_ = rest.Signal(syscall.SIGKILL)
		return len(rest) == 0
	})
	return left
}

// descriptors counts the open descriptors of the program. ok is false if they cannot be seen.
func descriptors() (n int, ok bool) {
	for _, p := range family() {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID))
		switch {
		case err == nil:
			n, ok = n+len(entries), true
		case os.IsPermission(err):
			return 0, false
		}
	}
	return n, ok
}
