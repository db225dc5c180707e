package master

import "cmp"

// What a minder makes of what its worker says and prints, and of its silence.

func (w *watch) hear(n note) {
	if n.status != nil {
		w.post(saidStatus{worker: w.start.worker, text: *n.status})
	}
	if left := w.deadline.Left(); (left > 0 || w.deadline.Rung()) && left < n.extend {
		w.deadline.Reset(n.extend)
	}
	switch {
	case n.trigger:
		w.missWatchdog()
	case n.alive && w.heeds(feedsWatchdog):
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
	case ReadyDelay, ReadyTCP, ReadyHTTP, ReadyLog: // the settings ask for something else
	}
}

// becomeReady tells once that the worker accepts connections.
func (w *watch) becomeReady(how Readied) {
	if !w.heeds(showsReadiness) {
		return
	}
	w.enter(stageServing)
	w.deadline.Stop()
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
		w.alarm.Reset(w.plan.Watchdog)
	}
}

func (w *watch) missWatchdog() {
	if w.plan.Watchdog > 0 && w.heeds(feedsWatchdog) {
		w.alarm.Stop()
		w.post(wentSilent{worker: w.start.worker, silence: w.plan.Watchdog, why: w.outOfReach(), output: w.journal.last()})
	}
}

// missing says what a worker that is not ready in time has not done.
func (w *watch) missing() string {
	text := w.plan.Ready.missing()
	if w.vigil != nil {
		text = w.vigil.latest.missing(w.vigil.evidence, w.start.slot) + w.elsewhere()
	}
	if w.plan.Ready.heeds() {
		text += w.outOfReach()
	}
	return text + w.process.unready()
}

// print takes what the worker has printed. ok is false when its output has ended.
func (w *watch) print(c chunk, ok bool) {
	if !ok {
		w.output = nil
		return
	}
	if w.heeds(showsReadiness) && w.plan.Ready.Kind == ReadyLog {
		w.search(c.data)
	}
	w.journal.print(c)
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
