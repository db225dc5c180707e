package minder

import (
	"time"

	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/process"
)

// watch is what a minder knows of its running process, and how it waits for the next thing to happen. It
// belongs to the minder's goroutine.
type watch struct {
	*Minder
	process process.Process
	before  process.TaskLimits  // when the process was started
	output  <-chan output.Chunk // nil once it has ended

	stage    stage
	lived    stage         // the latest one before it was killed or gone
	deadline *lapse.Timer  // rings when the start, the drain or the abort has taken too long
	alarm    *lapse.Timer  // rings when it has lived long enough, when the watchdog is missed, or to look at what outlives it
	schedule *lookSchedule // nil if it need not be looked at

	over        *process.ExitStatus // of its first process; nil while that lives
	stopping    stopping
	cutOff      cutOff
	stopLooking func() // whether it still accepts: its end tells nothing if it is to be killed
}

// stopping is how a worker takes its stop signal.
type stopping struct {
	others   bool         // it had other processes than the first when it was told to stop
	forecast StopForecast // what the signal ends at once
	passed   *lapse.Timer // runs once the signal was sent to the others; nil if it was not
}

// cutOff are the connections that the end of a worker cuts.
type cutOff struct {
	list    []listen.Connection
	unknown bool // they could not be counted
}

func newWatch(m *Minder, p process.Process, before process.TaskLimits) *watch {
	w := &watch{
		Minder: m, process: p, before: before, output: p.Output(),
		deadline: lapse.NewTimer(), alarm: lapse.NewTimer(), stopLooking: func() {},
	}
	w.deadline.Reset(m.Start.Timeout)
	switch ready := m.spec.Ready; ready.Kind {
	case plan.ReadyDelay:
		w.alarm.Reset(ready.Delay)
	case plan.ReadyAuto:
		w.schedule = newLookSchedule(m.Start.Timeout)
		w.alarm.Reset(w.schedule.patience)
	case plan.ReadyNotify, plan.ReadyTCP, plan.ReadyHTTP, plan.ReadyLog: // no time makes it ready
	}
	return w
}

// close stops the timers, and whoever looks.
func (w *watch) close() {
	w.stopLooking()
	w.deadline.Stop()
	w.alarm.Stop()
	if w.schedule != nil {
		w.schedule.stop()
	}
}

// bells are what next heeds besides the worker and the loop. The zero value is none of them.
type bells struct {
	deadline, alarm, look <-chan struct{}

	idle <-chan time.Time
}

func (w *watch) bells() bells {
	b := bells{deadline: w.deadline.C, alarm: w.alarm.C}
	if w.schedule != nil {
		b.look = w.schedule.timer.C
	}
	return b
}

// next waits for one thing to happen.
func (w *watch) next(b bells) {
	select {
	case o := <-w.orders:
		w.obey(o)
	case n := <-w.process.Notes():
		w.hear(n)
	case c, ok := <-w.output:
		w.print(c, ok)
	case <-w.journal.Unmuted():
		w.journal.Settle()
	case ask := <-w.asks:
		ask(w.journal)
	case done := <-w.syncs:
		w.catchUp()
		close(done)
	case status := <-w.process.Ended():
		w.over = &status
		w.onFirstExit()
	case <-b.deadline:
		w.ring(w.deadline, w.timeOut)
	case <-b.alarm:
		w.ring(w.alarm, w.alarmRang)
	case <-b.look:
		w.beginLook()
	case s := <-w.looks():
		w.judge(s)
	case <-w.poked:
		w.lookSoon()
	case <-b.idle:
	}
}

// ring does what a timer is for, unless something that had arrived before it rang has stopped it or set it
// anew. If it was the master that stood still, all times are over when it goes on, whatever the worker has
// done meanwhile.
func (w *watch) ring(t *lapse.Timer, what func()) {
	w.catchUp()
	if t.Rung() && w.stage < stageGone {
		t.Stop()
		what()
	}
}

// catchUp takes what has arrived.
func (w *watch) catchUp() {
	pending := w.process.Arrived()
	within := lapse.NewTimer()
	within.Reset(catchUpWithin)
	defer within.Stop()
	for w.stage < stageGone && !within.Rung() && (pending() || w.holds()) {
		w.next(bells{idle: time.After(catchUpPause)})
	}
}

// catchUpPause is the pause before catchUp looks again for what is on its way, and catchUpWithin how long it
// may take, should a reader be stuck.
const (
	catchUpPause  = time.Millisecond
	catchUpWithin = 2 * time.Second
)

// holds reports whether something has come as far as a channel.
func (w *watch) holds() bool {
	return len(w.orders)+len(w.process.Notes())+len(w.process.Ended())+len(w.looks()) > 0
}

// timeOut is called when the deadline of the stage is over.
func (w *watch) timeOut() {
	switch w.stage {
	case stageStarting:
		w.Post(pool.StartTimedOut{Worker: w.Start.Worker, Missing: w.missing(), Output: w.journal.Last()})
	case stageDraining, stageOutliving:
		w.Post(pool.DrainTimedOut{Worker: w.Start.Worker})
	case stageAborting:
		w.kill()
	case stageServing, stageKilled, stageGone: // these have no deadline
	}
}

// alarmRang is called when the alarm of the stage rings.
func (w *watch) alarmRang() {
	switch w.stage {
	case stageStarting:
		w.haveLived()
	case stageServing:
		w.missWatchdog()
	case stageOutliving:
		w.onFirstExit()
	case stageDraining, stageAborting, stageKilled, stageGone: // these have no alarm
	}
}
