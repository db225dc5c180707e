package kernel

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
)

// OwnMemory is how many bytes of physical memory the family has for itself: its heaps, stacks and shared
// memory, but not the pages of files, which the kernel can drop. Memory that several members share, as after
// a fork, counts once for each. Who has ended meanwhile adds nothing.
func (f Family) OwnMemory() (uint64, error) {
	var sum uint64
	for _, p := range f {
		content, err := readProc("/proc/" + strconv.Itoa(p.PID) + "/status")
		if errors.Is(gone(err), fs.ErrNotExist) || p.gone() {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += kilobytes(content, "RssAnon:") + kilobytes(content, "RssShmem:")
	}
	return sum, nil
}

// MemoryLimit is one that the caller and its children are under together.
type MemoryLimit struct {
	Cgroup string // its path, as the caller sees it; "" for the memory of the machine
	Most   uint64 // bytes
	Free   uint64 // bytes that can still be had, with what the kernel would drop for them
}

// MemoryLimits are those of the machine, of the caller's cgroup and of the cgroups above it, as far as they
// can be seen from here: a container mostly sees its own. The files are looked for under root, which is "/"
// but in tests. What can't be read is no limit.
func MemoryLimits(root string) []MemoryLimit {
	var limits []MemoryLimit
	if content, err := readProc(filepath.Join(root, "proc/meminfo")); err == nil {
		machine := MemoryLimit{Most: kilobytes(content, "MemTotal:"), Free: kilobytes(content, "MemAvailable:")}
		if machine.Free > 0 { // else the kernel is too old to tell
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

// memoryFiles are what a cgroup says about memory, in the words of its version.
type memoryFiles struct{ most, used, droppable string }

var (
	cgroupV2 = memoryFiles{"memory.max", "memory.current", "inactive_file"}
	cgroupV1 = memoryFiles{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
)

// unlimited is what version 1 says where there is no limit, or a little less.
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
	if content, err := readProc(filepath.Join(directory, "memory.stat")); err == nil {
		used -= min(used, field(content, files.droppable))
	}
	return MemoryLimit{Cgroup: path, Most: most, Free: most - min(most, used)}, true
}

// kilobytes finds "name: 123 kB", in bytes.
func kilobytes(content []byte, name string) uint64 {
	return field(content, name) << 10
}

// field finds the number that follows a name at the beginning of a line; 0 without one.
func field(content []byte, name string) uint64 {
	for line := range bytes.Lines(content) {
		words := bytes.Fields(line)
		if len(words) > 1 && string(words[0]) == name {
			n, _ := strconv.ParseUint(string(words[1]), 10, 64)
			return n
		}
	}
	return 0
}
