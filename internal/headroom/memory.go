package headroom

import (
	"os"
	"path/filepath"

	"rota/internal/procfile"
)

// MemoryLimit is a memory limit that the caller shares with its children and maybe with others.
type MemoryLimit struct {
	Cgroup string // its path, as the caller sees it; "" for the machine
	Most   uint64 // bytes
	Free   uint64 // bytes still available, including caches that the kernel would drop
}

// Memory returns the memory limits of the machine, of the caller's cgroup and of the cgroups above it. root is "/"
// except in tests.
func Memory(root string) []MemoryLimit {
	var limits []MemoryLimit
	if content, err := os.ReadFile(filepath.Join(root, "proc/meminfo")); err == nil {
		machine := MemoryLimit{Most: procfile.Kilobytes(content, "MemTotal:"), Free: procfile.Kilobytes(content, "MemAvailable:")}
		if machine.Free > 0 { // otherwise the kernel is too old to tell
			limits = append(limits, machine)
		}
	}
	for _, h := range hierarchies(root, "memory") {
		for path := range h.paths() {
			if l, ok := memoryLimit(h, path); ok {
				limits = append(limits, l)
			}
		}
	}
	return limits
}

// memoryFiles are the names of a cgroup's files, and of the droppable part in memory.stat.
type memoryFiles struct{ most, used, droppable string }

var (
	cgroupV2 = memoryFiles{"memory.max", "memory.current", "inactive_file"}
	cgroupV1 = memoryFiles{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
)

// unlimited is a little less than what version 1 says if there is no limit.
const unlimited = 1 << 62

func memoryLimit(h hierarchy, path string) (MemoryLimit, bool) {
	files, directory := cgroupV2, filepath.Join(h.mount, path)
	if h.old {
		files = cgroupV1
	}
	most, ok1 := readNumber(filepath.Join(directory, files.most)) // not ok for "max"
	used, ok2 := readNumber(filepath.Join(directory, files.used))
	if !ok1 || !ok2 || most >= unlimited {
		return MemoryLimit{}, false
	}
	if content, err := os.ReadFile(filepath.Join(directory, "memory.stat")); err == nil {
		used -= min(used, procfile.Field(content, files.droppable))
	}
	return MemoryLimit{Cgroup: path, Most: most, Free: most - min(most, used)}, true
}
