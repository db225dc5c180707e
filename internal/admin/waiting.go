package admin

import (
	"fmt"
	"time"

	"rota/internal/master"
)

// waitingView is a slot without a worker: the next one is started when its back-off is over.
type waitingView struct {
	Slot    int        `json:"slot"`
	Deaths  int        `json:"deaths"` // in a row
	NextTry instant    `json:"next_try_at"`
	Last    workerCore `json:"last"` // that died in it; its exit is null if it was given up before it was gone

	ended string // how the last one did, in a few words
}

func viewWaiting(slots []master.WaitingSlot) []waitingView {
	views := make([]waitingView, 0, len(slots))
	for _, slot := range slots {
		views = append(views, waitingView{slot.Slot, slot.Deaths, instant(slot.NextTry), viewWorkerCore(slot.Last), slot.Last.Ending()})
	}
	return views
}

// describe says what has led to the wait, and when it ends.
func (w waitingView) describe(now time.Time) string {
	text := fmt.Sprintf("%d deaths in a row, the last: %s", w.Deaths, w.ended)
	if next := time.Time(w.NextTry); !next.IsZero() {
		text += "; next try in " + max(0, next.Sub(now)).Round(100*time.Millisecond).String()
	}
	return text
}
