package present

import (
	"time"

	"rota/internal/record"
	"rota/internal/view"
	"rota/internal/words"
)

func reloadOrNil(r *record.Reload) *view.Reload {
	if r == nil {
		return nil
	}
	v := Reload(*r)
	return &v
}

// Reload is the view of a reload.
func Reload(r record.Reload) view.Reload {
	v := view.Reload{
		ID:                   r.ID,
		State:                string(r.State),
		Generation:           r.Generation,
		Trigger:              string(r.Trigger),
		Reason:               known(r.Reason),
		Revision:             known(r.Revision),
		StartTimeout:         timeout(r.StartTimeout),
		DrainTimeout:         timeout(r.DrainTimeout),
		Callers:              callers(r.Callers),
		CallersTotal:         r.CallersTotal,
		RequestedAt:          view.At(r.RequestedAt),
		StartedAt:            view.At(r.StartedAt),
		CanaryAt:             view.At(r.CanaryAt),
		PromotedAt:           view.At(r.PromotedAt),
		LiveAt:               view.At(r.LiveAt),
		FinishedAt:           view.At(r.FinishedAt),
		Replaced:             r.Replaced,
		Total:                r.Total,
		Serving:              &r.Serving,
		Draining:             r.Draining,
		ConnectionsRemaining: knownIf(r.ConnectionsCounted, r.ConnectionsRemaining),
		ConnectionsCut:       knownIf(!r.CutUnknown, r.ConnectionsCut),
		Program:              program(r.Program),
		OnTrial:              r.OnTrial,
		TrialEndsAt:          view.At(r.TrialEndsAt),
		Paused:               pause(r.Paused),
		CanaryAddress:        canaryAddresses(r.CanaryAddress),
		Strategy:             strategy(r),
		Receipt:              receipt(r),
		Error:                failure(r.Failure),
		Assumed:              listOf(r.Assumed),
		Steps:                steps(r.Steps),
	}
	v.StateText = words.ReloadState(v)
	return v
}

func callers(list []record.Caller) []view.Caller {
	views := make([]view.Caller, 0, len(list))
	for _, c := range list {
		views = append(views, view.Caller{Trigger: string(c.Trigger), Reason: known(c.Reason), Revision: known(c.Revision), RequestedAt: view.At(c.At)})
	}
	return views
}

func steps(list []record.Step) []view.Step {
	views := make([]view.Step, 0, len(list))
	for _, s := range list {
		views = append(views, view.Step{
			Time:     view.At(s.At),
			Action:   s.Action,
			Slot:     s.Slot,
			WorkerID: s.WorkerID,
			Message:  s.Message,
			TookMS:   took(s.Took),

			StoppedAcceptingAt: view.At(s.StoppedAcceptingAt),
		})
	}
	return views
}

func took(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	return new(d.Milliseconds())
}

func canaryAddresses(list []record.CanaryAddress) (views []view.CanaryAddress) {
	for _, a := range list {
		views = append(views, view.CanaryAddress{Listener: a.Listener, Address: a.Address})
	}
	return views
}

func timeout(d time.Duration) *string {
	if d == 0 {
		return nil
	}
	return new(words.Exact(d))
}

func pause(p *record.Pause) *view.Pause {
	if p == nil {
		return nil
	}
	return &view.Pause{Why: string(p.Why), Since: view.At(p.Since), Until: view.At(p.Until)}
}

// strategy is nil until the reload's plan is made.
func strategy(r record.Reload) *view.Strategy {
	if r.Program == nil {
		return nil
	}
	s := r.Strategy
	return &view.Strategy{
		Surge:        s.Surge.String(),
		SurgeWorkers: s.Surge.Of(r.Total),
		Canary:       s.Canary,
		CanarySoak:   words.Exact(s.CanarySoak),
		PauseBetween: words.Exact(s.PauseBetween),
		Soak:         words.Exact(s.Soak),
	}
}

func failure(f *record.Failure) *view.Failure {
	if f == nil {
		return nil
	}
	v := &view.Failure{
		Code:       string(f.Code),
		Message:    f.Message,
		WorkerID:   known(f.WorkerID),
		Output:     listOf(f.Output),
		Complaints: f.Complaints,

		RevertFailed:      f.Stranded,
		RevertCheckFailed: f.Unwell,
		Stopping:          f.Stopping,
	}
	if f.WorkerID != "" {
		v.Slot = &f.Slot
	}
	return v
}
