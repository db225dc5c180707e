package present

import (
	"time"

	"rota/internal/record"
	"rota/internal/view"
)

// receipt is nil until the reload has begun.
func receipt(r record.Reload) *view.Receipt {
	if r.StartedAt.IsZero() {
		return nil
	}
	judgement := r.Judge()
	return &view.Receipt{
		Probes:          probes(r.Measured),
		ListenOverflows: knownIf(r.CountersKnown, r.Overflows),
		ListenDrops:     knownIf(r.CountersKnown, r.Drops),
		DeepestQueue:    r.DeepestQueue,
		Connections:     fate(r),
		CutConnections:  cutConnections(r.CutConnections),
		WorkersDied:     r.Died,
		Checks:          checks(r.Receipt),
		Lossless:        judgement.Lossless,
		Losses:          listOf(judgement.Losses),
		Unproven:        listOf(judgement.Unproven),
	}
}

func probes(m record.Measured) view.Probes {
	p := m.Probes
	return view.Probes{
		Sent:        p.Sent,
		OK:          p.OK,
		Refused:     p.Refused,
		Reset:       p.Reset,
		Unanswered:  p.Unanswered,
		SlowestMS:   milliseconds(p.Slowest),
		AnsweredBy:  &view.AnsweredBy{New: p.New, Older: p.Older, Unknown: p.Unknown},
		NotAccepted: p.Queued,
		Silent:      p.Silent,
		BeforeMS:    millisecondsIf(p.Before),
		DuringMS:    millisecondsIf(p.During),
		AfterMS:     millisecondsIf(p.After),
		StalledMS:   millisecondsIf(m.Stalled),
	}
}

func fate(r record.Reload) view.Fate {
	return view.Fate{
		Drained: knownIf(!r.DrainedUnknown, r.Drained),
		Cut:     knownIf(!r.CutUnknown, r.ConnectionsCut),
		Dropped: knownIf(!r.DropUnknown, r.Dropped),
		Evicted: r.Evicted,
		SeenBy:  known(string(r.SeenBy)),
	}
}

func checks(r record.Receipt) view.Checks {
	v := view.Checks{Passed: r.ChecksPassed, Failed: r.ChecksFailed, NotReached: []view.NotReached{}}
	reached, known := r.Coverage.Reached()
	v.Of, v.Reached = knownIf(r.Coverage.Of > 0, r.Coverage.Of), knownIf(known, reached)
	for _, m := range r.Coverage.Missed {
		v.NotReached = append(v.NotReached, view.NotReached(m))
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// millisecondsIf is nil for a time that nothing took.
func millisecondsIf(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	return new(milliseconds(d))
}
