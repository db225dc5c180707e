package process

import (
	"syscall"
	"time"

	"rota/internal/kernel"
)

// How often leftover processes are killed and looked for again: one may fork meanwhile.
const (
	killAttempts = 200
	killPause    = 5 * time.Millisecond
)

// KillAll kills what find finds until it finds nothing: gone. It gives up after about a second, and at the first
// error of a signal.
func KillAll(find func() kernel.Family) (gone bool, err error) {
	for range killAttempts {
		found := find()
		if len(found) == 0 {
			return true, nil
		}
		if err := found.Signal(syscall.SIGKILL); err != nil {
			return false, err
		}
		time.Sleep(killPause)
	}
	return false, nil
}
