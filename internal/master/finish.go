package master

import (
	"golang.org/x/sys/unix"

	"rota/internal/lapse"
)

// finish ends what is left of the worker, reads what it printed last and reports its end.
func (w *watch) finish() {
	if w.look != nil {
		w.look(w.start.worker)
	}
	w.endRest()
	w.readRest()
	exit := w.exit(*w.over)
	w.enter(stageGone)
	w.post(exited{worker: w.start.worker, exit: exit})
}

// readRest reads what the worker printed last. A process that got away may hold the output open for ever, so
// that is waited for only a moment.
func (w *watch) readRest() {
	grace := lapse.NewTimer()
	grace.Reset(outputGrace)
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
func (w *watch) exit(status exitStatus) Exit {
	outlived := w.lived == stageOutliving || w.stopping.others && status.signal == unix.SignalName(w.plan.StopSignal)
	return Exit{
		Code:   status.code,
		Signal: status.signal,
		Output: w.journal.last(),
		Cut:    len(w.severed.list),

		Shortage:       w.shortage(status),
		CutUnknown:     w.severed.unknown,
		CutConnections: cutOf(w.severed.list, Cut),
		Killed:         w.stage >= stageAborting,
		Outlived:       outlived,
		Fate:           w.learnFate(status, outlived),
	}
}

// shortage is what a worker may have ended for before it was ready: the runtimes of many languages give up
// without a word that would help.
func (w *watch) shortage(how exitStatus) string {
	if w.lived != stageStarting || how == (exitStatus{}) {
		return ""
	}
	return w.before.since()
}
