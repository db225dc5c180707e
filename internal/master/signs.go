package master

import "cmp"

// What a minder makes of what its worker says, prints and leaves unsaid.

func (w *watch) hear(n note) {
	if n.status != nil {
		w.post(saidStatus{worker: w.start.worker, text: *n.status})
	}
	if left := w.timer.Left(); (left > 0 || w.timer.Rung()) && left < n.extend {
		w.timer.Reset(n.extend)
	}
	switch {
	case n.trigger:
		w.missWatchdog()
	case n.alive && !w.starting && !w.draining:
		w.armWatchdog()
	}
	if n.ready {
		w.hearReady(Readied{By: ByWord})
	}
	if n.acknowledged {
		w.hearReady(Readied{By: ByWord, Detail: saidAck})
	}
	if n.seen != "" {
		w.becomeReady(Readied{By: BySight, Detail: n.seen})
	}
}

// hearReady takes the worker at its word, if that is enough.
func (w *watch) hearReady(how Readied) {
	switch w.plan.Ready.Kind {
	case ReadyNotify:
		w.becomeReady(how)
	case ReadyAuto:
		w.hearOut(cmp.Or(how.Detail, saidReady))
	case ReadyDelay, ReadyTCP, ReadyHTTP, ReadyLog: // what it says is not what was asked for
	}
}

// becomeReady tells once that the worker accepts connections.
func (w *watch) becomeReady(how Readied) {
	if !w.starting {
		return
	}
	w.starting = false
	w.lived.Stop()
	w.timer.Stop()
	w.armWatchdog()
	w.post(becameReady{worker: w.start.worker, how: how})
}

func (w *watch) haveLived() {
	if w.vigil != nil {
		w.liveLong()
		return
	}
	w.becomeReady(Readied{By: ByLife, Detail: "it has lived " + w.plan.Ready.Delay.String()})
}

func (w *watch) armWatchdog() {
	if w.plan.Watchdog > 0 {
		w.silent.Reset(w.plan.Watchdog)
	}
}

func (w *watch) missWatchdog() {
	if w.plan.Watchdog > 0 && !w.starting && !w.draining {
		w.silent.Stop()
		w.post(wentSilent{worker: w.start.worker, silence: w.plan.Watchdog, why: w.outOfReach(), output: w.journal.last()})
	}
}

// search looks for the line that says ready, also among those that are too many to be logged.
func (w *watch) search(data []byte) {
	for len(data) > 0 {
		var line []byte
		if line, data = cutLine(data); w.plan.Ready.Pattern.Match(trim(line)) {
			w.becomeReady(Readied{By: ByWord, Detail: "it printed a line that matches " + w.plan.Ready.Pattern.String()})
			return
		}
	}
}
