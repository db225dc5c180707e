package master

import (
	"slices"
	"syscall"
	"time"

	"rota/internal/kernel"
)

// What becomes of the processes that outlive a worker's first.

// lookAfterRest comes when the worker's first process has ended. A program that forks is one worker: if
// it was told to drain, those of its processes that were told too, or that still have
// connections, may finish within the same time. Whatever else is left ends now.
func (w *watch) lookAfterRest() {
	if w.draining && !w.killed && !w.aborting && len(w.alive()) > 0 {
		n, known := w.count(w.start.worker)
		if w.plan.StopGroup || n > 0 || !known {
			w.linger.Reset(lingerEvery)
			return
		}
	}
	w.finish()
}

// lingerEvery is the pause between two looks at the processes that outlive the first.
const lingerEvery = 50 * time.Millisecond

// alive are the worker's processes that have not ended.
func (w *watch) alive() kernel.Family {
	return slices.DeleteFunc(w.family(w.start.worker), func(p kernel.Process) bool { return p.Zombie })
}

// endRest kills what is left of the worker. One that forks meanwhile is found at the next look.
func (w *watch) endRest() {
	for range endAttempts {
		rest := w.alive()
		if len(rest) == 0 {
			return
		}
		if err := rest.Signal(syscall.SIGKILL); err != nil {
			w.log.Warn().Err(err).Msg("what is left of a worker can't be ended")
			return
		}
		time.Sleep(endPause)
	}
	w.log.Warn().Msg("what is left of a worker does not end")
}

// How often what is left is killed and looked for again.
const (
	endAttempts = 200
	endPause    = 5 * time.Millisecond
)
