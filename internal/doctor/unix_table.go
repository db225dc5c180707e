package doctor

import (
	"os"
	"strconv"
	"strings"
)

// isDead reports whether a stream socket is bound to the path and nobody listens on it. It reads the kernel's
// table, because a connection would disturb a service.
func isDead(path string) bool {
	const listens = 1 << 16 // __SO_ACCEPTCON
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return false
	}
	there := false
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 8 || fields[7] != path {
			continue
		}
		flags, err := strconv.ParseUint(fields[3], 16, 32)
		if err != nil || flags&listens != 0 || fields[4] != "0001" { // 0001: a stream; others serve without listen
			return false
		}
		there = true
	}
	return there
}
