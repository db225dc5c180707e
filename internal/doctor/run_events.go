package doctor

import (
	"strings"

	"rota/internal/master"
	"rota/internal/record"
)

// look is called by the master when a worker is over, before the processes that it left behind are killed.
func (r *run) look(worker string) { r.left.Store(worker, remaining()) }

func (r *run) follow(events *master.Subscription) {
	for _, e := range events.Backlog {
		r.hear(e)
	}
	for e := range events.C {
		r.hear(e)
	}
}

// hear takes one event of the first worker.
func (r *run) hear(e record.Event) {
	w := e.Worker
	if w == nil || closed(r.ended) || r.worker != "" && r.worker != w.ID {
		return
	}
	r.worker = w.ID
	switch e.Type {
	case record.EventWorkerReady:
		r.by, r.how = w.ReadyProof.By, w.ReadyProof.Detail
		r.nonBlocking = r.socket.nonBlocking()
		close(r.ready)
	case record.EventWorkerDraining:
		r.stopped = w.DrainingAt
		if !closed(r.ready) {
			_, r.missing, _ = strings.Cut(e.Message, ": ")
		}
		close(r.told)
	case record.EventWorkerExited:
		r.exit, r.at = r.inFull(w.Exit), w.ExitedAt
		close(r.ended)
		r.master.Kill() // no replacement is wanted
	default:
	}
}

// inFull returns the exit with all the output that the master has kept. Of a long stack trace, the last lines
// alone may not contain the one that says why.
func (r *run) inFull(exit *record.Exit) *record.Exit {
	log, err := r.master.WorkerLog(r.worker)
	if err != nil {
		return exit
	}
	full := *exit
	full.Output = nil
	for _, line := range log.Lines {
		full.Output = append(full.Output, line.Text)
	}
	return &full
}
