package connlimit

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// What connections leave to the rest of the process: a quarter of the limit, between these.
const (
	leastReserve = 32
	mostReserve  = 256
)

// spare is how many descriptors there may still be without touching the reserve.
func (l *Limiter) spare() int {
	open, limit := l.files()
	return limit - min(max(limit/4, leastReserve), mostReserve) - open
}

// openFiles takes a tenth of a millisecond, or a few if there are thousands.
func openFiles() (open, limit int) {
	var most unix.Rlimit
	directory, err := os.Open("/proc/self/fd")
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &most) != nil || err != nil {
		return 0, math.MaxInt32
	}
	defer directory.Close()
	names, _ := directory.Readdirnames(-1)
	return len(names), int(min(most.Cur, math.MaxInt32))
}
