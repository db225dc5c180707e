package master

import (
	"strconv"
	"strings"
	"time"
)

// note is one datagram of the sd_notify protocol, as far as the master cares.
type note struct {
	ready        bool
	status       *string       // nil: not said
	extend       time.Duration // 0: not asked for
	alive        bool          // it feeds its watchdog
	trigger      bool          // it asks to be treated as if it had missed its watchdog
	acknowledged bool          // to einhorn, that it is ready
	seen         string        // not from the worker: what a probe has shown, which makes it ready
}

// maxExtend bounds EXTEND_TIMEOUT_USEC; more is taken as this much.
const maxExtend = 24 * time.Hour

// parseNote reads the assignments of a datagram, one a line. It ignores unknown ones.
func parseNote(datagram string) note {
	var n note
	for line := range strings.SplitSeq(datagram, "\n") {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		switch key {
		case "READY":
			n.ready = n.ready || value == "1"
		case "WATCHDOG":
			n.alive = n.alive || value == "1"
			n.trigger = n.trigger || value == "trigger"
		case "STATUS":
			status := strings.ToValidUTF8(value, "\uFFFD")
			n.status = &status
		case "EXTEND_TIMEOUT_USEC":
			if usec, err := strconv.ParseUint(value, 10, 63); err == nil {
				n.extend = min(time.Duration(min(usec, uint64(maxExtend/time.Microsecond)))*time.Microsecond, maxExtend)
			}
		}
	}
	return n
}
