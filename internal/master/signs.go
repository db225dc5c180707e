package master

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
	if n.ready && w.plan.Ready.heeds() {
		w.becomeReady("")
	}
	if n.acknowledged && w.plan.Ready.heeds() {
		w.becomeReady("it acknowledged in einhorn's way")
	}
	if n.seen != "" {
		w.becomeReady(n.seen)
	}
}

// becomeReady tells once that the worker accepts connections. how says what shows that; "" for its own word.
func (w *watch) becomeReady(how string) {
	if !w.starting {
		return
	}
	w.starting = false
	w.lived.Stop()
	w.timer.Stop()
	w.armWatchdog()
	w.post(becameReady{worker: w.start.worker, how: how})
}

func (w *watch) haveLived() string {
	text := "it has lived " + w.plan.Ready.Delay.String()
	if w.plan.Ready.Kind == ReadyEither {
		text += " and did not say READY=1"
	}
	return text
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
			w.becomeReady("it printed a line that matches " + w.plan.Ready.Pattern.String())
			return
		}
	}
}
