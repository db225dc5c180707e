package record

// CanaryAddress is an address that leads only to the canary, for one of its listeners. Any user of this
// machine can connect to it.
type CanaryAddress struct {
	Listener string // its name
	Address  string // 127.0.0.1:PORT
}

// CanaryReached reports whether the canary was ready and passed its checks, and the reload was not reverted
// since.
func (r *Reload) CanaryReached() bool {
	return !r.CanaryAt.IsZero() && (r.State == ReloadRolling || r.State == ReloadLive || r.State == ReloadCompleted)
}

// CanarySkipped reports whether a caller had the reload go on before its canary was reached.
func (r *Reload) CanarySkipped() bool { return !r.PromotedAt.IsZero() && r.CanaryAt.IsZero() }

// Canaryless reports whether the reload is known to have no canary.
func (r *Reload) Canaryless() bool {
	planned := r.Program != nil
	return planned && r.Strategy.Canary == 0 || r.Failure != nil && r.Failure.Code == NoCanary
}

// CanaryDecided reports whether a wait for the canary is over: it was reached, or never will be.
func (r *Reload) CanaryDecided() bool {
	if r.State == ReloadQueued || r.State == ReloadReverting {
		return false // a caller may still add a canary; or the reload ends soon
	}
	return r.State.Terminal() || r.CanaryReached() || r.CanarySkipped() || r.Canaryless()
}

// Promoted reports whether the reload has gone on from its canary, and was not reverted.
func (r *Reload) Promoted() bool {
	return !r.PromotedAt.IsZero() && r.State != ReloadReverting && r.State != ReloadFailed && r.State != ReloadAborted
}
