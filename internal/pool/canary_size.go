package pool

import "rota/internal/record"

// sizeFor is the pool size for a generation whose settings ask for so many workers. A pool that a caller has
// scaled keeps its size unless that setting has changed.
func (p *Pool) sizeFor(workers int) int {
	if workers == p.terms[p.generation].Workers {
		return len(p.slots)
	}
	return workers
}

// forbidsCanarySize returns a CanaryTooLarge if the canary would be the whole pool, both at its present size
// and at the size that the settings ask for now. If another reload comes first, it may change the size: then
// this is decided when the plan is made.
func (p *Pool) forbidsCanarySize(request record.ReloadRequest, now *Settings) error {
	if request.Canary == nil || now == nil || p.rotating != nil || p.queued != nil {
		return nil
	}
	canary := record.Strategy{Canary: *request.Canary}
	if canary.Fits(len(p.slots)) == nil {
		return nil
	}
	return canary.Fits(p.sizeFor(now.Workers))
}
