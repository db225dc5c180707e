package kernel

import (
	"errors"
	"io/fs"
	"strconv"

	"rota/internal/procfile"
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
		sum += procfile.Kilobytes(content, "RssAnon:") + procfile.Kilobytes(content, "RssShmem:")
	}
	return sum, nil
}

// Tasks returns the number of threads of the family.
func (f Family) Tasks() uint64 {
	sum := uint64(0)
	for _, p := range f {
		content, err := readProc("/proc/" + strconv.Itoa(p.PID) + "/status")
		if err == nil && !p.gone() {
			sum += procfile.Field(content, "Threads:")
		}
	}
	return sum
}
