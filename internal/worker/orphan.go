package worker

import (
	"time"

	"github.com/rs/zerolog"
)

// orphanWatch notices that the master died, which the kernel shows as a new parent. PDEATHSIG tells the
// worker too, but a signal can be missed, and it doesn't say that nobody will come with a SIGKILL later.
type orphanWatch struct {
	parent  func() int
	born    int           // the parent at the start
	every   time.Duration // between two looks
	timeout time.Duration // how long an orphan may drain
	log     zerolog.Logger
}

func newOrphanWatch(opts Options) *orphanWatch {
	return &orphanWatch{
		parent: opts.parent, born: opts.parent(),
		every: opts.parentCheck, timeout: opts.OrphanTimeout, log: opts.Log,
	}
}

// run returns when stop is closed. An orphan starts to drain, if it doesn't already, and has to leave
// when the time is up.
func (w *orphanWatch) run(stop <-chan struct{}, drain, leave func()) {
	if !w.waitForDeath(stop) {
		return
	}
	w.log.Warn().Dur("timeout", w.timeout).Msg("master is gone, worker drains and leaves")
	drain()
	select {
	case <-stop:
	case <-time.After(w.timeout):
		leave()
	}
}

// waitForDeath is false when stop came first.
func (w *orphanWatch) waitForDeath(stop <-chan struct{}) bool {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for w.parent() == w.born {
		select {
		case <-stop:
			return false
		case <-tick.C:
		}
	}
	return true
}
