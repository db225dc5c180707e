package kernel

import "github.com/prometheus/procfs"

// Usage is what a process uses.
type Usage struct {
	RSSBytes   uint64  // physical memory; the kernel keeps it cheaply, so it may be some pages late
	CPUSeconds float64 // processor time since the start, user and system, all threads; steps of 10 ms
}

// ProcessUsage reads /proc/PID/stat. A process that is gone gives an error for
// which errors.Is(err, fs.ErrNotExist) is true.
func ProcessUsage(pid int) (Usage, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return Usage{}, gone(err)
	}
	stat, err := process.Stat()
	if err != nil {
		return Usage{}, gone(err)
	}
	return Usage{RSSBytes: uint64(stat.ResidentMemory()), CPUSeconds: stat.CPUTime()}, nil
}
