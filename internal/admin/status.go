package admin

import (
	"net/http"
	"time"

	"rota/internal/kernel"
	"rota/internal/master"
)

type statusView struct {
	PID           int            `json:"pid"` // of the master
	Version       string         `json:"version"`
	StartedAt     instant        `json:"started_at"`
	UptimeSeconds float64        `json:"uptime_seconds"`
	Generation    int            `json:"generation"` // that serves
	Pool          poolView       `json:"pool"`
	Stopping      bool           `json:"stopping"`
	Ready         bool           `json:"ready"`         // as /readyz says
	CrashLooping  []int          `json:"crash_looping"` // slots
	Waiting       []waitingView  `json:"waiting"`       // slots without a worker, by number
	Missing       []string       `json:"missing"`       // what workers are started from and has been deleted, a sentence each
	Listeners     []listenerView `json:"listeners"`
	Totals        totalsView     `json:"totals"`
	Reload        *reloadView    `json:"reload"` // that rotates or drains; null for none
}

type poolView struct {
	Size     int `json:"size"` // slots
	Ready    int `json:"ready"`
	Starting int `json:"starting"`
	Draining int `json:"draining"`
}

type listenerView struct {
	Name       string  `json:"name"`
	Network    string  `json:"network"` // tcp, udp, unix or unixgram
	Address    string  `json:"address"`
	QueueDepth *uint32 `json:"queue_depth"` // connections that wait to be accepted; null where there are none, as of udp
	Backlog    *uint32 `json:"backlog"`     // the most that may wait
}

type totalsView struct {
	WorkersStarted   int  `json:"workers_started"` // since the master started, as all but the last
	WorkersDied      int  `json:"workers_died"`    // without having been told to
	ReloadsCompleted int  `json:"reloads_completed"`
	ReloadsFailed    int  `json:"reloads_failed"`
	ReloadsAborted   int  `json:"reloads_aborted"`
	Connections      *int `json:"connections"` // open now
}

func (s *Server) showStatus(w http.ResponseWriter, _ *http.Request, _ query) error {
	now, err := s.sampler.since(time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, now.status)
}

func viewStatus(s master.Status, version string, now time.Time, connections census, queues map[string]kernel.Queue) statusView {
	return statusView{
		PID:           s.PID,
		Version:       version,
		StartedAt:     instant(s.StartedAt),
		UptimeSeconds: now.Sub(s.StartedAt).Round(time.Millisecond).Seconds(),
		Generation:    s.Generation,
		Pool:          poolView{Size: s.Size, Ready: s.Ready, Starting: s.Starting, Draining: s.Draining},
		Stopping:      s.Stopping,
		Ready:         s.Serving(),
		CrashLooping:  listOf(s.Looping),
		Waiting:       viewWaiting(s.Waiting),
		Missing:       listOf(s.Missing),
		Listeners:     viewListeners(s.Listeners, queues),
		Totals: totalsView{
			WorkersStarted:   s.Totals.WorkersStarted,
			WorkersDied:      s.Totals.WorkersDied,
			ReloadsCompleted: s.Totals.ReloadsCompleted,
			ReloadsFailed:    s.Totals.ReloadsFailed,
			ReloadsAborted:   s.Totals.ReloadsAborted,
			Connections:      connections.total(s.Workers),
		},
		Reload: viewReloadOrNil(s.Reload),
	}
}

func viewListeners(list []master.ListenAddress, queues map[string]kernel.Queue) []listenerView {
	views := make([]listenerView, 0, len(list))
	for _, l := range list {
		view := listenerView{Name: l.Name, Network: l.Network, Address: l.Address}
		if queue, ok := queues[l.Name]; ok {
			view.QueueDepth, view.Backlog = &queue.Depth, &queue.Backlog
		}
		views = append(views, view)
	}
	return views
}

// total is nil unless the kernel has told of every worker: a part would be taken for the whole.
func (c census) total(workers []master.Worker) *int {
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
