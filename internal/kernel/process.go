package kernel

import (
	"errors"
	"io/fs"
)

// Process is a process as it was found. Its PID may belong to another process by now, but not together with
// the same start time: the two are its identity.
type Process struct {
	PID     int
	Started uint64 // clock ticks (10 ms) from the boot of the machine to the start of the process
	Parent  int    // 0 if it has none in this pid namespace, as Group and Session
	Group   int
	Session int
	Zombie  bool   // has exited, and its parent has not waited for it yet
	Name    string // of its program's file, at most 15 bytes, unless it gave itself another
}

// FindProcess reads /proc/PID/stat. A process that is gone gives an error for which
// errors.Is(err, fs.ErrNotExist) is true.
func FindProcess(pid int) (Process, error) {
	stat, err := readStat(pid)
	return stat.Process, err
}

// same reports whether both are the same process.
func (p Process) same(other Process) bool {
	return p.PID == other.PID && p.Started == other.Started
}

// gone reports whether the process does not exist any more, even if another one has its pid.
func (p Process) gone() bool {
	now, err := FindProcess(p.PID)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !now.same(p)
}
