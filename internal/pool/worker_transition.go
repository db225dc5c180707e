package pool

import "slices"

// workerMoves is the diagram of a worker's life: it may skip a state and never goes back.
var workerMoves = map[WorkerState][]WorkerState{
	"":             {WorkerStarting},
	WorkerStarting: {WorkerReady, WorkerDraining, WorkerExited},
	WorkerReady:    {WorkerDraining, WorkerExited},
	WorkerDraining: {WorkerExited},
	WorkerExited:   {},
}

// moveWorker is the only place that changes a worker's state. It checks the move, notes the time and publishes
// from and to. worker.started comes later, when the worker has a process.
func (p *Pool) moveWorker(m *member, to WorkerState, message string) {
	from := m.State
	if !slices.Contains(workerMoves[from], to) {
		p.want(Impossible{Kind: "worker", Id: m.ID, From: string(from), To: string(to)})
		return
	}
	m.State = to
	switch to {
	case WorkerStarting:
		m.StartedAt = p.now
	case WorkerReady:
		m.ReadyAt = p.now
		p.tellWorker(EventWorkerReady, m, from, message)
	case WorkerDraining:
		m.DrainingAt = p.now
		p.tellWorker(EventWorkerDraining, m, from, message)
	case WorkerExited:
		m.ExitedAt = p.now
		p.tellWorker(EventWorkerExited, m, from, message)
	}
}
