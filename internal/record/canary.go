package record

// CanaryAddress is where one listener of a canary can be asked, by any user of this machine.
type CanaryAddress struct {
	Listener string // its name
	Address  string // 127.0.0.1:PORT
}

// CanaryReached reports whether the canary has been ready and passed its checks, and the reload has not
// been taken back since.
func (r *Reload) CanaryReached() bool {
	return !r.CanaryAt.IsZero() && (r.State == ReloadRolling || r.State == ReloadLive || r.State == ReloadCompleted)
}

// CanarySkipped reports whether somebody had the reload go on before its canary was reached.
func (r *Reload) CanarySkipped() bool { return !r.PromotedAt.IsZero() && r.CanaryAt.IsZero() }

// Canaryless reports whether the reload is known to have no canary.
func (r *Reload) Canaryless() bool {
	planned := r.Program != nil
	return planned && r.Strategy.Canary == 0 || r.Failure != nil && r.Failure.Code == NoCanary
}

// CanaryDecided reports whether a wait for the canary is over: it was reached, or it will not be.
func (r *Reload) CanaryDecided() bool {
	if r.State == ReloadQueued || r.State == ReloadReverting {
		return false // a caller may still add a canary; or it fails or is aborted soon
	}
	return r.State.Terminal() || r.CanaryReached() || r.CanarySkipped() || r.Canaryless()
}

// Promoted reports whether the reload has gone on from its canary, and was not taken back.
func (r *Reload) Promoted() bool {
	return !r.PromotedAt.IsZero() && r.State != ReloadReverting && r.State != ReloadFailed && r.State != ReloadAborted
}
