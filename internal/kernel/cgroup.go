package kernel

import (
	"bytes"
	"iter"
	"path/filepath"
	"strconv"
	"strings"
)

// Where the kernel tells what a cgroup may have.

// hierarchy is a tree of cgroups that may limit what a controller looks after.
type hierarchy struct {
	mount  string // directory
	cgroup string // path of the caller's within it, "/" for the top
	old    bool   // of version 1
}

// paths are those of the cgroup and of all above it.
func (h hierarchy) paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		for path := h.cgroup; yield(path) && path != "/"; path = filepath.Dir(path) {
		}
	}
}

// hierarchies finds where the caller's cgroups are mounted: that of version 2, and that of version 1 for the
// controller.
func hierarchies(root, controller string) []hierarchy {
	mounts, err1 := readProc(filepath.Join(root, "proc/self/mountinfo"))
	own, err2 := readProc(filepath.Join(root, "proc/self/cgroup"))
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
