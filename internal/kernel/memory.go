package kernel

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// OwnMemory is how many bytes of physical memory the family has for itself: its heaps, stacks and shared memory, but not
// the pages of files, which the kernel can drop. Memory that several members share, as after a fork, counts
// once for each. Who has ended meanwhile adds nothing.
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

// MemoryLimits are those of the machine, of the caller's cgroup and of the cgroups above it, as far as they can be seen
// from here: a container mostly sees its own. The files are looked for under root, which is "/" but
// in tests. What can't be read is no limit.
func MemoryLimits(root string) []MemoryLimit {
	var limits []MemoryLimit
	if content, err := readProc(filepath.Join(root, "proc/meminfo")); err == nil {
		machine := MemoryLimit{Most: kilobytes(content, "MemTotal:"), Free: kilobytes(content, "MemAvailable:")}
		if machine.Free > 0 { // else the kernel is too old to tell
			limits = append(limits, machine)
		}
	}
	for _, h := range memoryHierarchies(root) {
		limits = append(limits, h.limits()...)
	}
	return limits
}

// memoryHierarchy is a tree of cgroups that may limit memory, in the words of its version.
type memoryHierarchy struct {
	mount  string // directory
	cgroup string // path of the caller's within it, "/" for the top
	memoryFiles
}

type memoryFiles struct{ most, used, droppable string }

var (
	cgroupV2 = memoryFiles{"memory.max", "memory.current", "inactive_file"}
	cgroupV1 = memoryFiles{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
)

// limits are those of the cgroup and of all above it.
func (h memoryHierarchy) limits() []MemoryLimit {
	var limits []MemoryLimit
	for path := h.cgroup; ; path = filepath.Dir(path) {
		if l, ok := h.limit(path); ok {
			limits = append(limits, l)
		}
		if path == "/" {
			return limits
		}
	}
}

// unlimited is what version 1 says where there is no limit, or a little less.
const unlimited = 1 << 62

func (h memoryHierarchy) limit(path string) (MemoryLimit, bool) {
	directory := filepath.Join(h.mount, path)
	most, ok1 := readNumber(filepath.Join(directory, h.most)) // not ok for "max"
	used, ok2 := readNumber(filepath.Join(directory, h.used))
	if !ok1 || !ok2 || most >= unlimited {
		return MemoryLimit{}, false
	}
	if content, err := readProc(filepath.Join(directory, "memory.stat")); err == nil {
		used = without(used, field(content, h.droppable))
	}
	return MemoryLimit{Cgroup: path, Most: most, Free: without(most, used)}, true
}

// memoryHierarchies finds where the caller's cgroups are mounted: that of version 2, and that of version 1 for memory.
func memoryHierarchies(root string) []memoryHierarchy {
	mounts, err1 := readProc(filepath.Join(root, "proc/self/mountinfo"))
	own, err2 := readProc(filepath.Join(root, "proc/self/cgroup"))
	if err1 != nil || err2 != nil {
		return nil
	}
	var found []memoryHierarchy
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		place, kind := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(kind) < 3 {
			continue
		}
		h := memoryHierarchy{mount: filepath.Join(root, place[4]), memoryFiles: cgroupV2}
		controller := ""
		switch {
		case kind[0] == "cgroup2":
		case kind[0] == "cgroup" && strings.Contains(","+kind[2]+",", ",memory,"):
			h.memoryFiles, controller = cgroupV1, "memory"
		default:
			continue
		}
		h.cgroup = within(cgroupOf(string(own), controller), place[3])
		found = append(found, h)
	}
	return found
}

// cgroupOf is the caller's path in the hierarchy of a controller, "" for version 2.
func cgroupOf(own, controller string) string {
	for line := range strings.Lines(own) { // number:controller,controller:path
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) == 3 && (parts[1] == controller || controller != "" && strings.Contains(","+parts[1]+",", ","+controller+",")) {
			return parts[2]
		}
	}
	return "/"
}

// within is a cgroup's path below the one that is mounted. A container may see its own cgroup as the
// top, whatever it is called outside.
func within(path, mounted string) string {
	if mounted != "/" {
		rest, below := strings.CutPrefix(path, mounted)
		if !below || rest != "" && rest[0] != '/' {
			return "/"
		}
		path = rest
	}
	if strings.HasPrefix(path, "/..") {
		return "/"
	}
	return filepath.Join("/", path)
}

func readNumber(path string) (uint64, bool) {
	content, err := readProc(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(content)), 10, 64)
	return n, err == nil
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
