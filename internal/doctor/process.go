package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"

	"rota/internal/kernel"
)

// family is every process of the program that has not ended: those below the doctor, which starts
// nothing else and, being their subreaper, also gets those that lost their parent.
func family() kernel.Family {
	_, all, err := kernel.Families(nil)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(p kernel.Process) bool { return p.Zombie })
}

// remaining are the processes that are there when the worker is over, but for those that leave by
// themselves within a moment, as helpers do that live for as long as a pipe is open. It ends them.
func remaining() kernel.Family {
	var left kernel.Family
	within(context.Background(), settled, func() bool {
		left = family()
		return len(left) == 0
	})
	within(context.Background(), patience, func() bool {
		rest := family() // with those that were forked meanwhile
		_ = rest.Signal(syscall.SIGKILL)
		return len(rest) == 0
	})
	return left
}

// descriptors counts what the program has open. It is not ok if that can't be seen.
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
