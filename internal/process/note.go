package process

import (
	"strconv"
	"strings"
	"time"
)

// Note is one datagram of the sd_notify protocol, as far as the master cares.
type Note struct {
	Ready            bool
	Status           *string       // nil: not said
	ExtendTimeout    time.Duration // 0: not asked for
	FeedsWatchdog    bool
	TriggersWatchdog bool   // it asks to be treated as if it had missed its watchdog
	Acknowledged     bool   // to einhorn, that it is ready
	ProbeResult      string // not from the worker: what a probe has shown, which makes it ready
}

// maxExtend bounds EXTEND_TIMEOUT_USEC; more is taken as this much.
const maxExtend = 24 * time.Hour

// parseNote reads the assignments of a datagram, one a line. It ignores unknown ones.
func parseNote(datagram string) Note {
	var n Note
	for line := range strings.SplitSeq(datagram, "\n") {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		switch key {
		case "READY":
			n.Ready = n.Ready || value == "1"
		case "WATCHDOG":
			n.FeedsWatchdog = n.FeedsWatchdog || value == "1"
			n.TriggersWatchdog = n.TriggersWatchdog || value == "trigger"
		case "STATUS":
			status := strings.ToValidUTF8(value, "\uFFFD")
			n.Status = &status
		case "EXTEND_TIMEOUT_USEC":
			if usec, err := strconv.ParseUint(value, 10, 63); err == nil {
				n.ExtendTimeout = min(time.Duration(min(usec, uint64(maxExtend/time.Microsecond)))*time.Microsecond, maxExtend)
			}
		}
	}
	return n
}
