package kernel

import (
	"errors"
	"io/fs"
)

// Process is a process that was there when it was looked for. Its PID may have been
// given to another one since, but not together with its start time: the two are its identity.
type Process struct {
	PID     int
	Started uint64 // clock ticks (10 ms) from the machine's start to the process's
	Parent  int    // 0 if it has none in this pid namespace, as Group and Session
	Group   int
	Session int
	Zombie  bool   // has ended and waits for its parent to take note
	Name    string // of its program's file, at most 15 bytes, unless it gave itself another
}

// FindProcess reads /proc/PID/stat. A process that is gone gives an error for which
// errors.Is(err, fs.ErrNotExist) is true.
func FindProcess(pid int) (Process, error) {
	stat, err := readStat(pid)
	return stat.Process, err
}

// same is true when the two were the same process at two times.
func (p Process) same(other Process) bool {
	return p.PID == other.PID && p.Started == other.Started
}

// gone is true when nobody has the pid, or somebody else.
func (p Process) gone() bool {
	now, err := FindProcess(p.PID)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !now.same(p)
}
