// Package headroom tells how much memory, and how many threads and processes, the caller and its children can still
// have. The limits are those of the machine, of the caller's user (ulimit -u), of its cgroup, and of the cgroups
// above it. It reads them from /proc and from the mounted cgroup hierarchies of version 1 and 2. A limit that cannot
// be read is left out. A container mostly sees only its own cgroup.
package headroom

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// hierarchy is a mounted tree of cgroups.
type hierarchy struct {
	mount  string // the directory where it is mounted
	cgroup string // the caller's cgroup within it; "/" for the top
	old    bool   // version 1
}

// paths returns the paths of the caller's cgroup and of all above it.
func (h hierarchy) paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		for path := h.cgroup; yield(path) && path != "/"; path = filepath.Dir(path) {
		}
	}
}

// hierarchies finds where the caller's cgroups are mounted: version 2, and version 1 for the controller.
func hierarchies(root, controller string) []hierarchy {
	mounts, err1 := os.ReadFile(filepath.Join(root, "proc/self/mountinfo"))
	own, err2 := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err1 != nil || err2 != nil {
		return nil
	}
	var found []hierarchy
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		place, kind := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(kind) < 3 {
			continue
		}
		h := hierarchy{mount: filepath.Join(root, place[4])}
		of := ""
		switch {
		case kind[0] == "cgroup2":
		case kind[0] == "cgroup" && strings.Contains(","+kind[2]+",", ","+controller+","):
			h.old, of = true, controller
		default:
			continue
		}
		h.cgroup = within(cgroupOf(string(own), of), place[3])
		found = append(found, h)
	}
	return found
}

// cgroupOf returns the caller's cgroup in the hierarchy of a controller; "" means version 2.
func cgroupOf(own, controller string) string {
	for line := range strings.Lines(own) { // number:controller,controller:path
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) == 3 && (parts[1] == controller || controller != "" && strings.Contains(","+parts[1]+",", ","+controller+",")) {
			return parts[2]
		}
	}
	return "/"
}

// within returns a cgroup's path below the mounted one. A container may see its own cgroup as the top, whatever
// its name is outside.
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
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(content)), 10, 64)
	return n, err == nil
}
