package minder

import (
	"fmt"
	"os"
	"strconv"
)

// outOfReach says, as the end of a sentence, if the worker can't reach rota because it is in another network
// namespace, to which abstract sockets do not extend; "" otherwise.
func (w *watch) outOfReach() string {
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return ""
	}
	for _, p := range w.alive() {
		theirs, err := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/ns/net")
		if err == nil && theirs != own {
			return fmt.Sprintf("; its process %d is in another network namespace, from which NOTIFY_SOCKET can't be reached: "+
				"set another readiness, such as ready: http:/path or log:REGEX, and no watchdog", p.PID)
		}
	}
	return ""
}
