package admin

import (
	"fmt"

	"rota/internal/master"
)

// waitingView is a slot without a worker: the next one is started when its back-off is over.
type waitingView struct {
	Slot   int        `json:"slot"`
	Deaths int        `json:"deaths"` // in a row
	Last   workerCore `json:"last"`   // that died in it; its exit is null if it was given up before it was gone

	ended string // how the last one did, in a few words
}

func viewWaiting(slots []master.WaitingSlot) []waitingView {
	views := make([]waitingView, 0, len(slots))
	for _, slot := range slots {
		views = append(views, waitingView{slot.Slot, slot.Deaths, viewWorkerCore(slot.Last), slot.Last.Ending()})
	}
	return views
}

// String says what has led to the wait.
func (w waitingView) String() string {
	return fmt.Sprintf("%d deaths in a row, the last: %s", w.Deaths, w.ended)
}
