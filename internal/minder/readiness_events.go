package minder

import (
	"cmp"

	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
	"rota/internal/record"
)

// What a minder makes of what its worker says and prints, and of its silence.

func (w *watch) hear(n process.Note) {
	if n.Status != nil {
		w.Post(pool.SaidStatus{Worker: w.Start.Worker, Text: *n.Status})
	}
	if left := w.deadline.Left(); (left > 0 || w.deadline.Rung()) && left < n.ExtendTimeout {
		w.deadline.Reset(n.ExtendTimeout)
	}
	switch {
	case n.TriggersWatchdog:
		w.missWatchdog()
	case n.FeedsWatchdog && w.heeds(feedsWatchdog):
		w.armWatchdog()
	}
	if n.Ready {
		w.hearReady(record.ReadyProof{By: record.ByWord})
	}
	if n.Acknowledged {
		w.hearReady(record.ReadyProof{By: record.ByWord, Detail: saidAck})
	}
	if n.ProbeResult != "" {
		w.becomeReady(record.ReadyProof{By: record.BySight, Detail: n.ProbeResult})
	}
}

// hearReady takes the worker at its word, if that is enough.
func (w *watch) hearReady(how record.ReadyProof) {
	switch w.spec.Ready.Kind {
	case plan.ReadyNotify:
		w.becomeReady(how)
	case plan.ReadyAuto:
		w.noteClaim(cmp.Or(how.Detail, saidReady))
	case plan.ReadyDelay, plan.ReadyTCP, plan.ReadyHTTP, plan.ReadyLog: // the settings ask for something else
	}
}

// becomeReady tells once that the worker accepts connections.
func (w *watch) becomeReady(how record.ReadyProof) {
	if !w.heeds(showsReadiness) {
		return
	}
	w.enter(stageServing)
	w.deadline.Stop()
	w.armWatchdog()
	w.Post(pool.BecameReady{Worker: w.Start.Worker, How: how})
}

func (w *watch) haveLived() {
	if w.schedule != nil {
		w.noteLifetime()
		return
	}
	w.becomeReady(record.ReadyProof{By: record.ByLife, Detail: "it has lived " + w.spec.Ready.Delay.String()})
}

func (w *watch) armWatchdog() {
	if w.spec.Watchdog > 0 {
		w.alarm.Reset(w.spec.Watchdog)
	}
}

func (w *watch) missWatchdog() {
	if w.spec.Watchdog > 0 && w.heeds(feedsWatchdog) {
		w.alarm.Stop()
		w.Post(pool.WentSilent{Worker: w.Start.Worker, Silence: w.spec.Watchdog, Why: w.outOfReach(), Output: w.journal.Last()})
	}
}

// missing says what a worker that is not ready in time has not done.
func (w *watch) missing() string {
	text := w.spec.Ready.Unmet()
	if w.schedule != nil {
		text = w.schedule.latest.missing(w.schedule.evidence, w.Start.Slot) + w.elsewhere()
	}
	if w.spec.Ready.HeedsWorker() {
		text += w.outOfReach()
	}
	return text + w.process.WhyUnready()
}

// print takes what the worker has printed. ok is false when its output has ended.
func (w *watch) print(c output.Chunk, ok bool) {
	if !ok {
		w.output = nil
		return
	}
	if w.heeds(showsReadiness) && w.spec.Ready.Kind == plan.ReadyLog {
		w.search(c.Data)
	}
	w.journal.Print(c)
}

// search looks for the line that says ready, also among those that are too many to be logged.
func (w *watch) search(data []byte) {
	for len(data) > 0 {
		var line []byte
		if line, data = output.CutLine(data); w.spec.Ready.Pattern.Match(output.Trim(line)) {
			w.becomeReady(record.ReadyProof{By: record.ByWord, Detail: "it printed a line that matches " + w.spec.Ready.Pattern.String()})
			return
		}
	}
}
