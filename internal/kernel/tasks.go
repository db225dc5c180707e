package kernel

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// TaskLimit is how many threads and processes the caller and others may have together.
type TaskLimit struct {
	Cgroup  string // its path, as the caller sees it; "" for what its user may have, which is ulimit -u
	Most    uint64
	Used    uint64
	Refused uint64 // how often it has kept somebody from having more; 0 for a user's, of which the kernel does not tell
}

// Free is how many more there may be.
func (l TaskLimit) Free() uint64 { return l.Most - min(l.Most, l.Used) }

// TaskLimits are those of the caller's cgroup, of the cgroups above it, and of its user, as far as they can
// be seen from here. The files are looked for under root, which is "/" but in tests. What can't be read is no
// limit.
func TaskLimits(root string) []TaskLimit {
	limits := CgroupTaskLimits(root)
	if own, ok := userTasks(root); ok {
		limits = append(limits, own)
	}
	return limits
}

// CgroupTaskLimits are those of TaskLimits that take no look at every process.
func CgroupTaskLimits(root string) []TaskLimit {
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
			if content, err := readProc(filepath.Join(directory, "pids.events")); err == nil {
				l.Refused = field(content, "max")
			}
			limits = append(limits, l)
		}
	}
	return limits
}

// userTasks is the caller's ulimit -u. It binds nobody who has CAP_SYS_RESOURCE or CAP_SYS_ADMIN, or is root.
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
		content, err := readProc(filepath.Join(root, "proc", e.Name(), "status"))
		if err == nil && field(content, "Uid:") == uid {
			l.Used += field(content, "Threads:")
		}
	}
	return l, true
}

// mayExceed reports whether the caller has a capability that lifts its user's limit.
func mayExceed() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_RESOURCE|1<<unix.CAP_SYS_ADMIN) != 0
}

// Tasks is how many threads the family has.
func (f Family) Tasks() uint64 {
	sum := uint64(0)
	for _, p := range f {
		content, err := readProc("/proc/" + strconv.Itoa(p.PID) + "/status")
		if err == nil && !p.gone() {
			sum += field(content, "Threads:")
		}
	}
	return sum
}
