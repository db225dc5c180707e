package master

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"rota/internal/gauge"
	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/pool"
	"rota/internal/reach"
	"rota/internal/record"
)

// How the loop measures the reloads that are under way.

// measurement is what the loop does because of a reload that is under way.
type measurement struct {
	gauge     *gauge.Gauge
	forwarder *reach.Forwarder // leads to its canary; nil unless that is on trial

	context context.Context // of its checks
	cancel  context.CancelFunc
	back    bool // the generation before is checked
}

// measureBefore is how long a reload waits for the gauge to send its first probes. They show how long an answer takes
// before any worker is started. It takes less than a millisecond, unless the machine is very busy.
const measureBefore = 250 * time.Millisecond

// measurements are those of the reloads under way. The loop begins and ends them; any goroutine may read what they
// have found.
type measurements struct {
	running atomic.Pointer[map[string]*gauge.Gauge] // by reload; the map never changes
}

// read returns a fact for each.
func (m *measurements) read() (facts []pool.Fact) {
	running := m.running.Load()
	if running == nil {
		return nil
	}
	for id, one := range *running {
		facts = append(facts, pool.MeasuredNow{Reload: id, Found: one.Reading()})
	}
	return facts
}

// set says which are running.
func (m *measurements) set(underWay map[string]*measurement) {
	running := make(map[string]*gauge.Gauge, len(underWay))
	for id, t := range underWay {
		running[id] = t.gauge
	}
	m.running.Store(&running)
}

// mayEndReload is false of the facts that never do, of which there are many.
func mayEndReload(f pool.Fact) bool {
	switch f.(type) {
	case pool.SaidStatus, pool.Counted, pool.Holds, pool.Forked:
		return false
	}
	return true
}

// attend begins to measure the reloads that have begun, and ends the measurement when the reload ends.
func (l *loop) attend() {
	for r := range l.pool.History() {
		t := l.underWay[r.ID]
		switch under := r.Begun(); {
		case under && t == nil:
			l.beginMeasurement(r)
		case !under && t != nil:
			l.forward(t, r)
			l.endMeasurement(r.ID, t)
		case t != nil:
			t.follow(r)
			l.forward(t, r)
		}
	}
}

func (l *loop) beginMeasurement(r *record.Reload) {
	generation, finder := r.Generation, l.observer.Generations()
	interval := l.plans[l.pool.ServingGeneration()].ProbeInterval // the reload's own is not read yet
	t := &measurement{gauge: gauge.New(interval, generation, gauge.Instruments{
		Endpoints:  l.mailbox.probed,
		Queues:     l.observer.Queues,
		Counters:   kernel.ListenCounters,
		Own:        l.observer.Own,
		Generation: finder.Find,
		Cost:       finder.Cost,
		Alone: func() bool {
			alone, err := l.observer.Alone(generation)
			return alone && err == nil
		},
	})}
	t.context, t.cancel = context.WithCancel(context.Background())
	l.underWay[r.ID] = t
	l.mailbox.measurements.set(l.underWay)
}

// follow has it measure as closely as the reload's state deserves.
func (t *measurement) follow(r *record.Reload) {
	if r.State == record.ReloadReverting && !t.back {
		t.cancel()
	}
	switch {
	case r.State == record.ReloadLive:
		t.gauge.Enter(gauge.PhaseAfter)
	case r.Program != nil:
		t.gauge.Enter(gauge.PhaseDuring)
	}
	if r.State == record.ReloadLive || r.Paused != nil {
		t.gauge.Slow()
	} else {
		t.gauge.Fast()
	}
}

func (l *loop) endMeasurement(id string, t *measurement) {
	t.gauge.Stop()
	t.cancel()
	if t.forwarder != nil { // the loop ends with a reload under way
		t.forwarder.Close()
	}
	delete(l.underWay, id)
	l.mailbox.measurements.set(l.underWay)
}

// probed are the listeners at which a client is to be served all the time.
func (l *loop) probed() []listen.Spec {
	list := l.targets()
	other, rotates := l.pool.OtherGeneration()
	if !rotates {
		return list
	}
	both := l.plans[other].Listeners
	return slices.DeleteFunc(list, func(a listen.Spec) bool {
		return !slices.ContainsFunc(both, func(other listen.Listener) bool { return other.BoundAddress() == a.Address })
	})
}

// prove has the gauge of a reload look for its proof.
func (l *loop) prove(e pool.Prove) {
	done := func() { l.mailbox.post(pool.Proved(e)) }
	if t := l.underWay[e.Reload]; t != nil {
		t.gauge.Prove(done)
		return
	}
	go done()
}
