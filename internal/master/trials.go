package master

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"rota/internal/kernel"
)

// How the loop measures the reloads that are under way, and has those on trial checked.

// trial is what the loop does because of a reload that is under way.
type trial struct {
	*measurement

	forwarder *forwarder // leads to its canary; nil unless that is on trial

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
	running atomic.Pointer[map[string]*measurement] // by reload; the map never changes
}

// read returns a fact for each.
func (m *measurements) read() (facts []fact) {
	running := m.running.Load()
	if running == nil {
		return nil
	}
	for id, one := range *running {
		facts = append(facts, measured{reload: id, found: one.reading()})
	}
	return facts
}

// set says which are running.
func (m *measurements) set(trials map[string]*trial) {
	running := make(map[string]*measurement, len(trials))
	for id, t := range trials {
		running[id] = t.measurement
	}
	m.running.Store(&running)
}

// mayEndReload is false of the facts that never do, of which there are many.
func mayEndReload(f fact) bool {
	switch f.(type) {
	case saidStatus, counted, holds, forked:
		return false
	}
	return true
}

// attend begins to measure the reloads that have begun, and ends the measurement when the reload ends.
func (l *loop) attend() {
	for _, r := range l.pool.history() {
		t := l.trials[r.ID]
		switch under := r.begun(); {
		case under && t == nil:
			l.beginTrial(r)
		case !under && t != nil:
			l.forward(t, r)
			l.endTrial(r.ID, t)
		case t != nil:
			t.follow(r)
			l.forward(t, r)
		}
	}
}

func (l *loop) beginTrial(r *Reload) {
	generation, m, seek := r.Generation, &measurement{queues: l.observer.queues}, l.observer.seeker()
	interval := l.plans[l.pool.servingGeneration()].ProbeInterval // the reload's own is not read yet
	m.gauge = newGauge(interval, generation, instruments{
		endpoints: l.observer.probed,
		queues:    m.deepest,
		counters:  kernel.ListenCounters,
		knock:     knocker{own: l.observer.own, whose: seek.whose}.knock,
		cost:      seek.cost,
		alone: func() bool {
			alone, err := l.observer.alone(generation)
			return alone && err == nil
		},
	})
	t := &trial{measurement: m}
	t.context, t.cancel = context.WithCancel(context.Background())
	l.trials[r.ID] = t
	l.mailbox.measurements.set(l.trials)
}

// follow has it measure as closely as the reload's state deserves.
func (t *trial) follow(r *Reload) {
	if r.State == ReloadReverting && !t.back {
		t.cancel()
	}
	switch {
	case r.State == ReloadLive:
		t.gauge.enter(phaseAfter)
	case r.Program != nil:
		t.gauge.enter(phaseDuring)
	}
	if r.State == ReloadLive || r.Paused != nil {
		t.gauge.slow()
	} else {
		t.gauge.fast()
	}
}

func (l *loop) endTrial(id string, t *trial) {
	t.gauge.stop()
	t.cancel()
	if t.forwarder != nil { // the loop ends with a reload under way
		t.forwarder.close()
	}
	delete(l.trials, id)
	l.mailbox.measurements.set(l.trials)
}

// probed are the listeners at which a client is to be served all the time.
func (l *loop) probed() []ListenAddress {
	list := l.targets()
	other, rotates := l.pool.otherGeneration()
	if !rotates {
		return list
	}
	both := l.plans[other].listeners
	return slices.DeleteFunc(list, func(a ListenAddress) bool {
		return !slices.ContainsFunc(both, func(other listener) bool { return other.address() == a.Address })
	})
}

// check has a round of checks done, outside of the loop.
func (l *loop) check(e check) {
	plan, t := l.plans[e.generation], l.trials[e.reload]
	if plan == nil || t == nil {
		return // it is over
	}
	if l.options.Check == nil {
		go l.mailbox.post(checked{reload: e.reload, batches: e.batches, back: e.back, result: Result{Message: errNoChecks.Error()}})
		return
	}
	round, told := l.round(e, plan, t), l.pool.reload(e.reload).LiveAt
	if e.back {
		t.checkBack()
		told = time.Now()
	}
	ctx := t.context
	l.background.Go(func() {
		if e.live {
			l.observer.awaitAlone(ctx, e.generation, told)
		}
		result := l.options.Check(ctx, round)
		if result.Worker != "" && len(result.Output) == 0 {
			result.Output = l.observer.lastWords(result.Worker)
		}
		if ctx.Err() == nil {
			l.mailbox.post(checked{reload: e.reload, batches: e.batches, back: e.back, result: result})
		}
	})
}

// checkBack ends the checks of the generation that has failed, and begins those of the one before.
func (t *trial) checkBack() {
	t.cancel()
	t.context, t.cancel = context.WithCancel(context.Background())
	t.back = true
}

// round is what the checks of a reload are asked with.
func (l *loop) round(e check, plan *plan, t *trial) Round {
	round := Round{
		Checks:     slices.Concat(plan.Checks, e.checks),
		Headers:    plan.CheckHeaders,
		Timeout:    plan.CheckTimeout,
		Reload:     e.reload,
		Generation: e.generation,
		Revision:   e.revision,
		Live:       e.live,
		Again:      e.again,
		Commands:   e.commands,
		Canary:     t.forwarder.first(),
		Listeners:  l.targets(),
		Workers:    l.pool.serving(e.generation),
		Slots:      map[string]int{},
		Serves:     l.observer.serves,
		Holders:    l.observer.holders,
		Shirks:     l.observer.shirks,
		Queues:     l.observer.queues,
		Command:    l.shell.run,
		Opened:     l.observer.own.add,
		Closed:     l.observer.own.end,
	}
	for _, id := range round.Workers {
		w, _ := l.pool.alive(id)
		round.Slots[id] = w.Slot
	}
	return round
}

// lastWords are what a worker has printed last.
func (o *observer) lastWords(worker string) (lines []string) {
	_ = o.askJournal(worker, func(j *journal) { lines = j.last() })
	return lines
}

// prove has the gauge of a reload look for its proof.
func (l *loop) prove(e prove) {
	done := func() { l.mailbox.post(proved(e)) }
	if t := l.trials[e.reload]; t != nil {
		t.gauge.prove(done)
		return
	}
	go done()
}
