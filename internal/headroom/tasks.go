package headroom

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"rota/internal/procfile"
)

// TaskLimit is a limit of threads and processes that the caller shares with its children and maybe with others.
type TaskLimit struct {
	Cgroup  string // its path, as the caller sees it; "" for the user's limit (ulimit -u)
	Most    uint64
	Used    uint64
	Refused uint64 // how often it was hit; 0 for a user, where the kernel does not count
}

// Free returns how many more there may be.
func (l TaskLimit) Free() uint64 { return l.Most - min(l.Most, l.Used) }

// Tasks returns the limits of the caller's cgroup, of the cgroups above it, and of its user. root is "/" except in
// tests. To count the user's threads it reads the status of every process.
func Tasks(root string) []TaskLimit {
	limits := CgroupTasks(root)
	if own, ok := userTasks(root); ok {
		limits = append(limits, own)
	}
	return limits
}

// CgroupTasks returns the limits of the cgroups alone, without the cost of reading every process.
func CgroupTasks(root string) []TaskLimit {
	var limits []TaskLimit
	for _, h := range hierarchies(root, "pids") {
		for path := range h.paths() {
			directory := filepath.Join(h.mount, path)
			most, ok1 := readNumber(filepath.Join(directory, "pids.max")) // not ok for "max"
			used, ok2 := readNumber(filepath.Join(directory, "pids.current"))
			if !ok1 || !ok2 {
				continue
			}
			l := TaskLimit{Cgroup: path, Most: most, Used: used}
			if content, err := os.ReadFile(filepath.Join(directory, "pids.events")); err == nil {
				l.Refused = procfile.Field(content, "max")
			}
			limits = append(limits, l)
		}
	}
	return limits
}

// userTasks returns the caller's ulimit -u. It does not apply to root, or with CAP_SYS_RESOURCE or CAP_SYS_ADMIN.
func userTasks(root string) (TaskLimit, bool) {
	var limit unix.Rlimit
	if os.Getuid() == 0 || unix.Getrlimit(unix.RLIMIT_NPROC, &limit) != nil || limit.Cur == unix.RLIM_INFINITY || mayExceed() {
		return TaskLimit{}, false
	}
	entries, err := os.ReadDir(filepath.Join(root, "proc"))
	if err != nil {
		return TaskLimit{}, false
	}
	l := TaskLimit{Most: limit.Cur}
	uid := uint64(os.Getuid())
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, "proc", e.Name(), "status"))
		if err == nil && procfile.Field(content, "Uid:") == uid {
			l.Used += procfile.Field(content, "Threads:")
		}
	}
	return l, true
}

// mayExceed reports whether the caller has a capability that lifts the limit of its user.
func mayExceed() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_RESOURCE|1<<unix.CAP_SYS_ADMIN) != 0
}
