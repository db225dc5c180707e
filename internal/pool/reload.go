package pool

import (
	"slices"

	"rota/internal/record"
)

// reload is a reload as the pool keeps it: readers get copies of the Reload in it.
type reload struct {
	record.Reload
	told figures // as last published
}

// kept is the part that readers may copy; nil for none.
func (r *reload) kept() *record.Reload {
	if r == nil {
		return nil
	}
	return &r.Reload
}

// assume notes why a worker of the reload was only assumed to be ready.
func (r *reload) assume(how record.ReadyProof) {
	if r != nil && how.Why != "" && !slices.Contains(r.Assumed, how.Why) {
		r.Assumed = append(slices.Clip(r.Assumed), how.Why)
	}
}

// addDraining adds an older worker and its connections.
func (r *reload) addDraining(m *member) {
	r.Draining++
	r.ConnectionsRemaining += m.connections.open
	r.ConnectionsCounted = r.ConnectionsCounted && m.connections.counted
}

// figures are the numbers that a reload publishes as its progress.
type figures struct {
	replaced, total, draining, connections int
	counted                                bool
}

func (r *reload) figures() figures {
	return figures{r.Replaced, r.Total, r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted}
}

// mostDoubts is how many reasons a reload keeps. Hundreds of workers may have hundreds.
const mostDoubts = 10

func (r *reload) addFate(f record.Fate) {
	r.Dropped += f.Dropped
	r.addCut(f.Connections)
	r.DropUnknown = r.DropUnknown || len(f.Doubts) > 0
	for _, doubt := range f.Doubts {
		if len(r.DropDoubts) < mostDoubts && !slices.Contains(r.DropDoubts, doubt) {
			r.DropDoubts = append(r.DropDoubts, doubt)
		}
	}
	if f.Seen != "" && r.SeenBy != record.SeenByStates {
		r.SeenBy = f.Seen // the weaker of what several were seen by
	}
}

func (r *reload) addCut(list []record.CutConnection) {
	room := record.MostCut - len(r.CutConnections)
	r.CutConnections = append(r.CutConnections, list[:min(len(list), room)]...)
}

// amendDraining changes the step that says that the worker drains. Readers share the old list, so it is
// copied.
func (r *reload) amendDraining(worker string, change func(*record.Step)) {
	if r == nil {
		return
	}
	for i := len(r.Steps) - 1; i >= 0; i-- {
		if s := r.Steps[i]; s.WorkerID == worker && s.Action == "draining" {
			r.Steps = slices.Clone(r.Steps)
			change(&r.Steps[i])
			return
		}
	}
}

// The limits for many callers of one reload: keepCallers of the first are kept and as many of the last, and
// together they may ask for mostChecks.
const (
	keepCallers = 16
	mostChecks  = 100
)

// addCaller makes a new list once the old one is full, since readers share it.
func (r *reload) addCaller(c record.Caller) {
	r.CallersTotal++
	if len(r.Callers) == 2*keepCallers {
		r.Callers = slices.Concat(r.Callers[:keepCallers], r.Callers[keepCallers+1:])
	}
	r.Callers = append(r.Callers, c)
}
