package record

import (
	"cmp"
	"slices"
	"time"
)

// Trigger says which door a reload came through.
type Trigger string

// The doors.
const (
	TriggerAPI    Trigger = "api"
	TriggerSignal Trigger = "signal"
)

// ReloadRequest is what one caller asks for. Its zero value is a plain reload.
type ReloadRequest struct {
	Trigger      Trigger
	Key          string        // with which a caller that asks again gets the same reload; "": none
	IfGeneration []int         // accept it only if one of these serves, and goes on to; nil: always
	Reason       string        // free text
	Revision     string        // free text, reaches the new workers as ROTA_REVISION
	StartTimeout time.Duration // 0: the master's own
	DrainTimeout time.Duration // 0: the master's own
	Checks       []Check       // that its workers have to pass besides the settings' own
	NeedsCanary  bool          // the caller waits for the canary: without one nothing is to change

	StrategyRequest
}

// Merge is what two callers of one reload want together. Where both say something, the later counts.
func (r ReloadRequest) Merge(later ReloadRequest) ReloadRequest {
	return ReloadRequest{
		Trigger:      later.Trigger,
		Reason:       cmp.Or(later.Reason, r.Reason),
		Revision:     cmp.Or(later.Revision, r.Revision),
		StartTimeout: cmp.Or(later.StartTimeout, r.StartTimeout),
		DrainTimeout: cmp.Or(later.DrainTimeout, r.DrainTimeout),
		Checks:       union(r.Checks, later.Checks),
		NeedsCanary:  r.NeedsCanary || later.NeedsCanary,

		StrategyRequest: r.merge(later.StrategyRequest),
	}
}

// Caller is one request that a reload answers.
type Caller struct {
	ReloadRequest
	At time.Time
}

// CombinedRequest is what all callers of one reload want together. Trigger, reason, revision and timeouts
// are those of the latest caller that gave any.
type CombinedRequest struct {
	ReloadRequest
	Callers      []Caller // who asked for it, the oldest first; of very many only the first and the latest
	CallersTotal int      // how many asked for it
	RequestedAt  time.Time
}

// union are the items of both, each once. Nobody may change them.
func union(a, b []Check) []Check {
	list := slices.Clip(a)
	for _, item := range b {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
