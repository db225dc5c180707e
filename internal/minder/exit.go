package minder

import (
	"golang.org/x/sys/unix"

	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/pool"
	"rota/internal/process"
	"rota/internal/record"
)

// finish ends what is left of the worker, reads what it printed last and reports its end.
func (w *watch) finish() {
	if w.Ended != nil {
		w.Ended(w.Start.Worker)
	}
	w.killLeftovers()
	w.readLastOutput()
	exit := w.exit(*w.over)
	w.enter(stageGone)
	w.Post(pool.Exited{Worker: w.Start.Worker, Exit: exit})
}

// readLastOutput reads what the worker printed last. A process that got away may hold the output open for
// ever, so that is waited for only a moment.
func (w *watch) readLastOutput() {
	grace := lapse.NewTimer()
	grace.Reset(process.OutputGrace)
	defer grace.Stop()
	for w.output != nil {
		select {
		case c, ok := <-w.output:
			w.print(c, ok)
		case ask := <-w.asks:
			ask(w.journal)
		case <-grace.C:
			return
		}
	}
}

// exit is how the worker ended.
func (w *watch) exit(status process.ExitStatus) record.Exit {
	outlived := w.lived == stageOutliving || w.stopping.others && status.Signal == unix.SignalName(w.spec.StopSignal)
	return record.Exit{
		Code:   status.Code,
		Signal: status.Signal,
		Output: w.journal.Last(),
		Cut:    len(w.cutOff.list),

		Shortage:       w.shortage(status),
		CutUnknown:     w.cutOff.unknown,
		CutConnections: listen.CutConnections(w.cutOff.list, record.Cut),
		Killed:         w.stage >= stageAborting,
		Outlived:       outlived,
		Fate:           w.learnFate(status, outlived),
	}
}

// shortage is what a worker may have ended for before it was ready: the runtimes of many languages give up
// without a word that would help.
func (w *watch) shortage(how process.ExitStatus) string {
	if w.lived != stageStarting || how == (process.ExitStatus{}) {
		return ""
	}
	return w.before.Shortage()
}
