package kernel

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
)

// OwnMemory returns the bytes of physical memory that the family has for itself: heaps, stacks and shared
// memory, but not pages of files, which the kernel can drop. Memory that several members share, as after a
// fork, counts once for each. A member that has ended adds nothing.
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

// Tasks returns the number of threads of the family.
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
