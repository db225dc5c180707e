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

// readRest reads what the worker printed last. A process that got away may hold the output open for ever, so that is
// waited for only a moment.
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

// shortage is what a worker may have ended for before it was ready: the runtimes of many languages give up without a
// word that would help.
func (w *watch) shortage(how exitStatus) string {
	if w.lived != stageStarting || how == (exitStatus{}) {
		return ""
	}
	return w.before.since()
}

// learnFate finds out what became of the connections of a worker of which nothing is left.
func (w *watch) learnFate(status exitStatus, outlived bool) *Fate {
	if w.fate == nil {
		return nil
	}
	return w.fate(w.start.worker, w.death(status, outlived))
}

// death is how the worker ended, as far as that concerns its connections.
func (w *watch) death(status exitStatus, outlived bool) death {
	stop := unix.SignalName(w.plan.StopSignal)
	how := Exit{Code: status.code, Signal: status.signal}
	d := death{
		name: "worker of slot " + itoa(w.start.slot), how: how.String(), stop: stop,
		killed: w.stage >= stageAborting, cut: cookies(w.severed.list), doom: w.stopping.doom,

		signalled: status.signal == stop,
	}
	if !d.signalled && !w.plan.StopGroup && w.stopping.passed == nil {
		d.doom = doom{} // it has learnt to handle it since
	}
	itself := d.signalled && (d.doom.certain || d.doom.unseen)
	d.crashed = !outlived && status.signal != "" && !d.signalled || itself && d.doom.unseen
	asTold := d.signalled || status.code == 128+int(w.plan.StopSignal) // which is how shells and the JVM say it
	d.stopped = !outlived && !itself && asTold
	d.failed = !outlived && !asTold && (status.code != 0 || status.signal != "") || w.lived == stageStarting
	return d
}
