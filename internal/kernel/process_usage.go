package kernel

// Usage is what a process uses.
type Usage struct {
	RSSBytes   uint64  // physical memory; the kernel keeps it cheaply, so it may be some pages late
	CPUSeconds float64 // processor time since the start, user and system, all threads; steps of 10 ms
}

// ProcessUsage reads /proc/PID/stat. A process that is gone gives an error for
// which errors.Is(err, fs.ErrNotExist) is true.
func ProcessUsage(pid int) (Usage, error) {
	stat, err := readStat(pid)
	if err != nil {
		return Usage{}, err
	}
	return stat.usage(), nil
}
