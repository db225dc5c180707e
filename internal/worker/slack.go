package worker

import (
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is how late the kernel may end a timed sleep of a worker. The worker's alarms and timeouts are
// much longer. With more of it a worker starts later, and a connection costs hardly less.
const timerSlack = 4 * time.Millisecond

// RelaxTimers makes workers on a shared listener cheaper. Call it just before the program of a worker is
// executed: it locks the goroutine to its thread, and the program's threads inherit the slack of that
// thread. It does nothing for a worker that serves HTTP: there the runtime has more to do than to wait for
// the loop. names is LISTEN_FDNAMES.
//
// The Go runtime has a monitor thread. It sleeps while the loop does, and each time the loop wakes up it
// wakes up, too, and looks around every 20 µs for a while. One of many workers sleeps and wakes up all the
// time, and then that costs more than the connections. The thread is older than main and no setting slows
// it down, but the kernel may let it oversleep.
func RelaxTimers(names string) {
	for name := range strings.SplitSeq(names, ":") {
		if (Listener{Name: name}).isHTTP() {
			return
		}
	}
	runtime.LockOSThread()
	now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil && time.Duration(now) < timerSlack {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) // without it a worker is only slower
	}
}
