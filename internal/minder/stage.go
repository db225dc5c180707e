package minder

import "slices"

// stage is how far a worker has come, as its watch sees it. It only goes forward, and may skip stages.
type stage int

const (
	stageStarting  stage = iota // not ready yet
	stageServing                // ready
	stageDraining               // was told to stop
	stageOutliving              // the same, and its first process has ended: the others finish
	stageAborting               // was told to leave a core dump
	stageKilled                 // its process group was killed
	stageGone                   // nothing is left of it, and the loop has been told
)

// occurrence is what may happen to a worker in any stage, and matters in some.
type occurrence int

const (
	showsReadiness occurrence = iota // it says, prints or does what makes it ready, or has lived long enough
	feedsWatchdog                    // or misses it
	firstEnds                        // its first process ends: other processes of it may go on
	isLookedAt                       // the time has come to look whether it accepts connections
)

// heeded says what matters in each stage. A watch passes over the rest.
var heeded = [...][]occurrence{
	stageStarting:  {showsReadiness, isLookedAt},
	stageServing:   {feedsWatchdog, isLookedAt},
	stageDraining:  {firstEnds},
	stageOutliving: {firstEnds},
	stageAborting:  {},
	stageKilled:    {},
	stageGone:      {},
}

// heeds reports whether it matters now.
func (w *watch) heeds(o occurrence) bool { return slices.Contains(heeded[w.stage], o) }

// enter goes on to a later stage. It is false, and changes nothing, if the worker has come that far already.
// The alarm belongs to the stage before; the deadline may go on.
func (w *watch) enter(next stage) bool {
	if next <= w.stage {
		return false
	}
	w.stage = next
	if next < stageKilled {
		w.lived = next
	}
	w.alarm.Stop()
	if !w.heeds(isLookedAt) && w.schedule != nil {
		w.schedule.stop()
	}
	return true
}
