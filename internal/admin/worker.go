package admin

import (
	"cmp"
	"math"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"rota/internal/kernel"
	"rota/internal/master"
)

// workerCore is what the master knows of a worker by itself; events carry it.
type workerCore struct {
	ID         string  `json:"id"`
	Slot       int     `json:"slot"`
	Generation int     `json:"generation"`
	Revision   *string `json:"revision"`
	PID        *int    `json:"pid"` // null until it was forked
	State      string  `json:"state"`
	Status     *string `json:"status"` // the latest STATUS= it sent
	StartedAt  instant `json:"started_at"`
	ReadyAt    instant `json:"ready_at"`
	DrainingAt instant `json:"draining_at"`
	ExitedAt   instant `json:"exited_at"`

	StoppedAcceptingAt instant `json:"stopped_accepting_at"` // it drained, and was seen to; null while that is not known

	Restarts    int       `json:"restarts"`    // deaths of its slot that led to it
	Predecessor *string   `json:"predecessor"` // id of the worker that died before it in its slot; null for none
	Exit        *exitView `json:"exit"`        // null until it is gone

	Readiness *readinessView `json:"readiness"` // null until it was ready
}

// readinessView is what a worker was taken to be ready by.
type readinessView struct {
	By     string `json:"by"` // seen, said, lived or assumed
	Detail string `json:"detail"`
}

// workerView adds what only the kernel knows.
type workerView struct {
	workerCore
	Connections *int     `json:"connections"`
	RSSBytes    *uint64  `json:"rss_bytes"`
	CPUSeconds  *float64 `json:"cpu_seconds"`

	WaitingFor *holdingView `json:"waiting_for,omitempty"` // of one that drains, where it is asked for alone

	// What would only repeat itself in statistics is left out of them.
	Processes []processView `json:"processes,omitempty"`
	Program   *programView  `json:"program,omitempty"`
}

// processView is one of a worker's processes; a program that forks has several.
type processView struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
}

// programView is what the workers of a generation are made from.
type programView struct {
	Path        string   `json:"path"` // without symbolic links
	Directory   string   `json:"directory"`
	Arguments   []string `json:"arguments"`
	Environment []string `json:"environment"` // names
	SHA256      *string  `json:"sha256"`      // null when rota may not read the file
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

	CutConnections []cutView `json:"cut_connections"` // not all of very many
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
		if view := now.workers.Workers[i]; view.ID == id {
			view.WaitingFor = s.holdingOf(view.workerCore)
			return writeJSON(w, http.StatusOK, view)
		}
	}
	gone, err := s.master.Worker(id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, viewWorker(gone, seen{}))
}

// seen is what the kernel tells of workers.
type seen struct {
	connections census
	families    map[string]kernel.Family
}

func viewWorkers(list []master.Worker, generation int, seen seen) workersView {
	view := workersView{Generation: generation, Workers: make([]workerView, 0, len(list))}
	for _, w := range list {
		view.Workers = append(view.Workers, viewWorker(w, seen))
	}
	return view
}

func viewWorker(w master.Worker, seen seen) workerView {
	view := workerView{workerCore: viewWorkerCore(w), Program: viewProgram(w.Program)}
	if n, told := seen.connections[w.ID]; told {
		view.Connections = &n
	}
	family := seen.families[w.ID]
	for _, p := range family {
		view.Processes = append(view.Processes, processView{p.PID, p.Name})
	}
	if usage, err := family.Usage(); err == nil && len(family) > 0 {
		seconds := math.Round(usage.CPUSeconds*100) / 100 // the kernel counts in steps of 10 ms
		view.RSSBytes, view.CPUSeconds = &usage.RSSBytes, &seconds
	}
	return view
}

func viewProgram(p *master.Program) *programView {
	if p == nil {
		return nil
	}
	return &programView{
		Path:        p.Path,
		Directory:   p.Directory,
		Arguments:   listOf(p.Args),
		Environment: listOf(p.Environment),
		SHA256:      known(p.SHA256),
	}
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

		StoppedAcceptingAt: instant(w.StoppedAcceptingAt),

		Restarts:    w.Restarts,
		Predecessor: known(w.Predecessor),
		Exit:        viewExit(w.Exit),
		Readiness:   viewReadiness(w.Readied),
	}
}

func viewReadiness(r master.Readied) *readinessView {
	if r.By == "" {
		return nil
	}
	return &readinessView{By: string(r.By), Detail: cmp.Or(r.Detail, "it said READY=1")}
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
		CutConnections: viewCut(e.CutConnections),
	}
	if e.Signal == "" && e.Error == "" {
		view.Code = &e.Code
	}
	return view
}
