package present

import (
	"cmp"
	"math"

	"rota/internal/kernel"
	"rota/internal/record"
	"rota/internal/view"
	"rota/internal/words"
)

// Seen is what the kernel tells of workers. Its zero value is nothing.
type Seen struct {
	Connections Census
	Families    map[string]kernel.Family // a worker's processes, by its id
}

// Workers is the view of the workers that are not gone.
func Workers(list []record.Worker, generation int, seen Seen) view.Workers {
	v := view.Workers{Generation: generation, Workers: make([]view.Worker, 0, len(list))}
	for _, w := range list {
		v.Workers = append(v.Workers, Worker(w, seen))
	}
	return v
}

// Worker is the view of one worker.
func Worker(w record.Worker, seen Seen) view.Worker {
	v := view.Worker{WorkerCore: workerCore(w), Program: program(w.Program)}
	if n, told := seen.Connections[w.ID]; told {
		v.Connections = &n
	}
	family := seen.Families[w.ID]
	for _, p := range family {
		v.Processes = append(v.Processes, view.Process{PID: p.PID, Name: p.Name})
	}
	if usage, err := family.Usage(); err == nil && len(family) > 0 {
		seconds := math.Round(usage.CPUSeconds*100) / 100 // the kernel counts in steps of 10 ms
		v.RSSBytes, v.CPUSeconds = &usage.RSSBytes, &seconds
	}
	return v
}

func workerCore(w record.Worker) view.WorkerCore {
	v := view.WorkerCore{
		ID:         w.ID,
		Slot:       w.Slot,
		Generation: w.Generation,
		Revision:   known(w.Revision),
		PID:        known(w.PID),
		State:      string(w.State),
		Status:     known(w.Status),
		StartedAt:  view.At(w.StartedAt),
		ReadyAt:    view.At(w.ReadyAt),
		DrainingAt: view.At(w.DrainingAt),
		ExitedAt:   view.At(w.ExitedAt),

		StoppedAcceptingAt: view.At(w.StoppedAcceptingAt),

		Restarts:    w.Restarts,
		Predecessor: known(w.Predecessor),
		Exit:        exit(w.Exit),
		Readiness:   readiness(w.ReadyProof),
	}
	v.StateText = words.WorkerState(v)
	return v
}

func readiness(r record.ReadyProof) *view.Readiness {
	if r.By == "" {
		return nil
	}
	return &view.Readiness{By: string(r.By), Detail: cmp.Or(r.Detail, "it said READY=1")}
}

func exit(e *record.Exit) *view.Exit {
	if e == nil {
		return nil
	}
	v := &view.Exit{
		Signal:         known(e.Signal),
		Error:          known(e.Error),
		Output:         listOf(e.Output),
		ConnectionsCut: knownIf(!e.CutUnknown, e.Cut),
		CutConnections: cutConnections(e.CutConnections),
		Text:           e.String(),
	}
	if e.Signal == "" && e.Error == "" {
		v.Code = &e.Code
	}
	return v
}

func program(p *record.Program) *view.Program {
	if p == nil {
		return nil
	}
	return &view.Program{
		Path:        p.Path,
		Directory:   p.Directory,
		Arguments:   listOf(p.Args),
		Environment: listOf(p.Environment),
		SHA256:      known(p.SHA256),
	}
}
