package present

import (
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/record"
	"rota/internal/view"
	"rota/internal/words"
)

// Census counts connections by worker. A worker of which the kernel does not tell is not in it.
type Census map[string]int

// Status is the view of the master's status, as of now.
func Status(s master.Status, version string, now time.Time, connections Census, queues map[string]kernel.Queue) view.Status {
	v := view.Status{
		PID:           s.PID,
		Version:       version,
		StartedAt:     view.At(s.StartedAt),
		UptimeSeconds: now.Sub(s.StartedAt).Round(time.Millisecond).Seconds(),
		Generation:    s.Generation,
		Pool:          view.Pool{Size: s.Size, Ready: s.Ready, Starting: s.Starting, Draining: s.Draining},
		Stopping:      s.Stopping,
		Ready:         s.Serving(),
		CrashLooping:  listOf(s.Looping),
		Waiting:       waiting(s.Waiting),
		Missing:       listOf(s.Missing),
		Listeners:     listeners(s.Listeners, queues),
		Totals: view.Totals{
			WorkersStarted:   s.Totals.WorkersStarted,
			WorkersDied:      s.Totals.WorkersDied,
			ReloadsCompleted: s.Totals.ReloadsCompleted,
			ReloadsFailed:    s.Totals.ReloadsFailed,
			ReloadsAborted:   s.Totals.ReloadsAborted,
			Connections:      connections.total(s.Workers),
		},
		Reload: reloadOrNil(s.Reload),
	}
	v.Alarms = words.Alarms(v, s.Shut)
	return v
}

// Stats is the view of statistics on a stream: it leaves out what would only repeat itself.
func Stats(s view.Status, list view.Workers) view.Stats {
	workers := slices.Clone(list.Workers)
	for i := range workers {
		workers[i].Processes, workers[i].Program = nil, nil
	}
	return view.Stats{Status: s, Workers: workers}
}

func listeners(list []listen.Spec, queues map[string]kernel.Queue) []view.Listener {
	views := make([]view.Listener, 0, len(list))
	for _, l := range list {
		v := view.Listener{Name: l.Name, Network: l.Network, Address: l.Address}
		if queue, ok := queues[l.Name]; ok {
			v.QueueDepth, v.Backlog = &queue.Depth, &queue.Backlog
		}
		views = append(views, v)
	}
	return views
}

func waiting(slots []master.WaitingSlot) []view.WaitingSlot {
	views := make([]view.WaitingSlot, 0, len(slots))
	for _, slot := range slots {
		views = append(views, view.WaitingSlot{
			Slot:    slot.Slot,
			Deaths:  slot.Deaths,
			NextTry: view.At(slot.NextTry),
			Last:    workerCore(slot.Last),
			Text:    words.Deaths(slot.Deaths, slot.Last.Ending()),
		})
	}
	return views
}

// total is nil unless the kernel told of every worker: a part would be taken for the whole.
func (c Census) total(workers []record.Worker) *int {
	if c == nil {
		return nil
	}
	sum := 0
	for _, w := range workers {
		n, told := c[w.ID]
		if !told && w.PID != 0 {
			return nil
		}
		sum += n
	}
	return &sum
}
