package minder

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/process"
)

// Processes of a worker may outlive its first one.

// onFirstExit is called when the worker's first process has ended, and again while others live on. A
// program that forks is one worker: if it was told to drain, those of its processes that were told too, or
// that still have connections, may finish within the same time. Whatever else is left ends now.
func (w *watch) onFirstExit() {
	if w.heeds(firstEnds) && w.finishing(w.alive()) {
		w.enter(stageOutliving)
		w.alarm.Reset(lingerEvery)
		return
	}
	w.finish()
}

// finishing reports whether the processes that are left may go on.
func (w *watch) finishing(rest kernel.Family) bool {
	if len(rest) == 0 {
		return false
	}
	if w.stopping.passed == nil && !w.spec.StopGroup && w.over.Signal == unix.SignalName(w.spec.StopSignal) {
		w.forwardStopSignal(rest)
	}
	list, known := w.Connections(w.Start.Worker, countBeforeKill)
	return w.spec.StopGroup || len(list) > 0 || !known || w.stopping.passed != nil && !w.stopping.passed.Rung()
}

// forwardStopSignal sends the stop signal to the processes that are left. The signal ended the first
// process, so that was a wrapper which, like a shell, does not pass signals on: the program under it has not
// got it yet.
func (w *watch) forwardStopSignal(rest kernel.Family) {
	w.stopping.passed = lapse.NewTimer()
	w.stopping.passed.Reset(passGrace)
	w.stopping.forecast = w.stopping.forecast.and(w.prepare(rest, func(kernel.Process) bool { return true }))
	err := rest.Signal(w.spec.StopSignal)
	w.log.Info().Err(err).Int("processes", len(rest)).
		Msg("the first process was ended by the stop signal and has not passed it on, so rota does")
}

// lingerEvery is the pause between two looks at the processes that outlive the first, and passGrace how long
// they may take to leave without connections once the signal was passed on.
const (
	lingerEvery = 50 * time.Millisecond
	passGrace   = time.Second
)

// alive are the worker's processes that have not ended.
func (w *watch) alive() kernel.Family {
	return slices.DeleteFunc(w.Family(w.Start.Worker), func(p kernel.Process) bool { return p.Zombie })
}

// killLeftovers kills what is left of the worker. A process that is forked meanwhile is found at the next
// look.
func (w *watch) killLeftovers() {
	switch gone, err := process.KillAll(w.alive); {
	case err != nil:
		w.log.Warn().Err(err).Msg("what is left of a worker can't be ended")
	case !gone:
		w.log.Warn().Msg("what is left of a worker does not end")
	}
}
