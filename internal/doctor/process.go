package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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

// ownListener is the port at which a process listens on another TCP socket than ours; "" for none.
func ownListener(pid int, inodes []uint64, ours uint64) string {
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != "0A" { // TCP_LISTEN
				continue
			}
			inode, err := strconv.ParseUint(fields[9], 10, 64)
			_, hex, _ := strings.Cut(fields[1], ":")
			port, err2 := strconv.ParseUint(hex, 16, 16)
			if err == nil && err2 == nil && inode != ours && slices.Contains(inodes, inode) {
				return strconv.FormatUint(port, 10)
			}
		}
	}
	return ""
}
