package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is one that has not ended.
type process struct {
	pid  int
	name string
}

func (p process) String() string { return fmt.Sprintf("%s (pid %d)", p.name, p.pid) }

// family is every process of the program: those below the doctor, which starts nothing else and,
// being their subreaper, also gets those that lost their parent.
func family() []process {
	children := map[int][]process{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p, parent, ok := readProcess(pid); ok {
			children[parent] = append(children[parent], p)
		}
	}
	var list []process
	for next := children[os.Getpid()]; len(next) > 0; next = next[1:] {
		list = append(list, next[0])
		next = append(next, children[next[0].pid]...)
	}
	return list
}

// readProcess is not ok for one that has ended, also if nobody has taken note yet.
func readProcess(pid int) (p process, parent int, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, 0, false
	}
	start, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
	if start < 0 || end < start {
		return p, 0, false
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
		return p, 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return process{pid: pid, name: string(stat[start+1 : end])}, parent, err == nil
}

// remaining are the processes that are there when the worker's own has ended, but for those that leave
// by themselves within a moment, as helpers do that live for as long as a pipe is open. It ends them.
func remaining() []process {
	var left []process
	within(context.Background(), settled, func() bool {
		left = family()
		return len(left) == 0
	})
	within(context.Background(), patience, func() bool {
		rest := family() // with those that were forked meanwhile
		for _, p := range rest {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
		return len(rest) == 0
	})
	return left
}

// descriptors counts what the program has open. It is not ok if that can't be seen.
func descriptors() (n int, ok bool) {
	for _, p := range family() {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid))
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
