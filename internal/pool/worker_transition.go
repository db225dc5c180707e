package pool

import (
	"slices"

	"rota/internal/record"
)

// workerMoves is the diagram of a worker's life: it may skip a state and never goes back.
var workerMoves = map[record.WorkerState][]record.WorkerState{
	"":                    {record.WorkerStarting},
	record.WorkerStarting: {record.WorkerReady, record.WorkerDraining, record.WorkerExited},
	record.WorkerReady:    {record.WorkerDraining, record.WorkerExited},
	record.WorkerDraining: {record.WorkerExited},
	record.WorkerExited:   {},
}

// moveWorker is the only place that changes a worker's state. It checks the move, notes the time and publishes
// from and to. worker.started comes later, when the worker has a process.
func (p *Pool) moveWorker(m *member, to record.WorkerState, message string) {
	from := m.State
	if !slices.Contains(workerMoves[from], to) {
		p.want(Impossible{Kind: "worker", ID: m.ID, From: string(from), To: string(to)})
		return
	}
	m.State = to
	switch to {
	case record.WorkerStarting:
		m.StartedAt = p.now
	case record.WorkerReady:
		m.ReadyAt = p.now
		p.tellWorker(record.EventWorkerReady, m, from, message)
	case record.WorkerDraining:
		m.DrainingAt = p.now
		p.tellWorker(record.EventWorkerDraining, m, from, message)
	case record.WorkerExited:
		m.ExitedAt = p.now
		p.tellWorker(record.EventWorkerExited, m, from, message)
	}
}
