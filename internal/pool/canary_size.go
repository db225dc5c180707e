package pool

import "rota/internal/record"

// sizeFor is how many slots the pool gets from a generation of so many workers. A pool that was scaled by
// hand stays as it is unless the settings have changed.
func (p *Pool) sizeFor(workers int) int {
	if workers == p.terms[p.generation].Workers {
		return len(p.slots)
	}
	return workers
}

// forbidsCanarySize returns a CanaryTooLarge for a canary that leaves no slot for later, neither in the
// pool as it is nor in one of the size that the settings have now. Where other reloads come first, they may
// change the pool's size: then the plan has to say.
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
