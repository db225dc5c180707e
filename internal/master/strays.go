package master

import (
	"slices"
	"syscall"
	"time"

	"rota/internal/kernel"
)

// endStrays kills what the workers have left behind in such a way that nobody knew whose it was: a daemon
// in a session of its own, with an environment of its own, whose parents are gone. It may hold the
// listening sockets. Once the last worker is gone whatever is still below this process is one.
func (m *Master) endStrays() {
	for range endAttempts {
		_, strays, err := kernel.Families(nil)
		if err != nil {
			m.options.Log.Warn().Err(err).Msg("cannot look for what the workers have left behind")
			return
		}
		strays = slices.DeleteFunc(strays, func(p kernel.Process) bool { return p.Zombie })
		if len(strays) == 0 {
			return
		}
		if err := strays.Signal(syscall.SIGKILL); err != nil {
			m.options.Log.Warn().Err(err).Msg("what the workers have left behind can't be ended")
			return
		}
		time.Sleep(endPause)
	}
	m.options.Log.Warn().Msg("what the workers have left behind does not end")
}
