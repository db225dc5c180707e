package pool

import (
	"slices"

	"rota/internal/record"
)

// cover notes which workers a round has reached. A worker that an earlier round has reached stays reached.
func (p *Pool) cover(f Checked) {
	r := p.rotating
	if f.Result.Of == 0 {
		return
	}
	before := r.Coverage
	r.Coverage = record.Coverage{Of: f.Result.Of, Unseen: f.Result.Unseen}
	for _, id := range f.Result.Missed {
		m := p.workers[id]
		if m == nil {
			continue
		}
		missed := record.Missed{WorkerID: id, Slot: m.Slot}
		if f.Batches != r.checks.covered || slices.Contains(before.Missed, missed) {
			r.Coverage.Missed = append(r.Coverage.Missed, missed)
		}
	}
	r.checks.covered = f.Batches
}
