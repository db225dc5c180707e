package admin

import (
	"math"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/master"
)

// workerCore is what the master knows of a worker by itself; events carry it.
type workerCore struct {
	ID         string    `json:"id"`
	Slot       int       `json:"slot"`
	Generation int       `json:"generation"`
	Revision   *string   `json:"revision"`
	PID        *int      `json:"pid"` // null until it was forked
	State      string    `json:"state"`
	Status     *string   `json:"status"` // the latest STATUS= it sent
	StartedAt  instant   `json:"started_at"`
	ReadyAt    instant   `json:"ready_at"`
	DrainingAt instant   `json:"draining_at"`
	ExitedAt   instant   `json:"exited_at"`
	Restarts   int       `json:"restarts"` // deaths of its slot that led to it
	Exit       *exitView `json:"exit"`     // null until it is gone
}

// workerView adds what only the kernel knows.
type workerView struct {
	workerCore
	Connections *int     `json:"connections"`
	RSSBytes    *uint64  `json:"rss_bytes"`
	CPUSeconds  *float64 `json:"cpu_seconds"`
}

type workersView struct {
	Generation int          `json:"generation"` // that serves
	Workers    []workerView `json:"workers"`
}

type exitView struct {
	Code           *int     `json:"code"`            // null when a signal ended it, or it never ran
	Signal         *string  `json:"signal"`          // such as "SIGKILL"
	Error          *string  `json:"error"`           // why it could not be started
	Output         []string `json:"output"`          // its last lines; oldest first within stdout and within stderr
	ConnectionsCut *int     `json:"connections_cut"` // null if the kernel did not tell
}

func (s *Server) listWorkers(w http.ResponseWriter, _ *http.Request, _ query) error {
	now, err := s.sampler.since(time.Now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, now.workers)
}

func (s *Server) showWorker(w http.ResponseWriter, r *http.Request, _ query) error {
	id := chi.URLParam(r, "id")
	now, err := s.sampler.since(time.Now())
	if err != nil {
		return err
	}
	for i := range now.workers.Workers {
		if view := &now.workers.Workers[i]; view.ID == id {
			return writeJSON(w, http.StatusOK, view)
		}
	}
	gone, err := s.master.Worker(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewWorker(gone, nil))
}

func viewWorkers(list []master.Worker, generation int, connections census) workersView {
	view := workersView{Generation: generation, Workers: make([]workerView, 0, len(list))}
	for _, w := range list {
		view.Workers = append(view.Workers, viewWorker(w, connections))
	}
	return view
}

func viewWorker(w master.Worker, connections census) workerView {
	view := workerView{workerCore: viewWorkerCore(w)}
	if n, told := connections[w.ID]; told {
		view.Connections = &n
	}
	if usage := usageOf(w); usage != nil {
		seconds := math.Round(usage.CPUSeconds*100) / 100 // the kernel counts in steps of 10 ms
		view.RSSBytes, view.CPUSeconds = &usage.RSSBytes, &seconds
	}
	return view
}

func viewWorkerCore(w master.Worker) workerCore {
	return workerCore{
		ID:         w.ID,
		Slot:       w.Slot,
		Generation: w.Generation,
		Revision:   known(w.Revision),
		PID:        known(w.PID),
		State:      string(w.State),
		Status:     known(w.Status),
		StartedAt:  instant(w.StartedAt),
		ReadyAt:    instant(w.ReadyAt),
		DrainingAt: instant(w.DrainingAt),
		ExitedAt:   instant(w.ExitedAt),
		Restarts:   w.Restarts,
		Exit:       viewExit(w.Exit),
	}
}

func viewExit(e *master.Exit) *exitView {
	if e == nil {
		return nil
	}
	view := &exitView{
		Signal:         known(e.Signal),
		Error:          known(e.Error),
		Output:         listOf(e.Output),
		ConnectionsCut: knownIf(!e.CutUnknown, e.Cut),
	}
	if e.Signal == "" && e.Error == "" {
		view.Code = &e.Code
	}
	return view
}
