package kernel

import (
	"bytes"
	"strconv"
	"syscall"
)

// EndsAt reports whether sig would end the process at once: it does not handle, ignore or block it. sig must
// be a signal that ends a process by default.
func (p Process) EndsAt(sig syscall.Signal) (bool, error) {
	content, err := readProc("/proc/" + strconv.Itoa(p.PID) + "/status")
	if err != nil {
		return false, gone(err)
	}
	for _, set := range []string{"SigBlk:", "SigIgn:", "SigCgt:"} {
		in, ok := inSignalSet(content, set, sig)
		if !ok {
			return false, errStat
		}
		if in {
			return false, nil
		}
	}
	return true, nil
}

// inSignalSet looks a signal up in one of the masks of /proc/PID/status.
func inSignalSet(status []byte, name string, sig syscall.Signal) (in, ok bool) {
	for line := range bytes.Lines(status) {
		if digits, found := bytes.CutPrefix(line, []byte(name)); found {
			mask, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 64)
			return mask&(1<<(sig-1)) != 0, err == nil
		}
	}
	return false, false
}
