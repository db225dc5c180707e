package master

import (
	"context"
	"slices"
	"time"

	"rota/internal/kernel"
)

// How the loop measures the reloads that are under way, and has those on trial checked.

// trial is what goes on because of a reload, for as long as that has not ended.
type trial struct {
	gauge  *gauge
	thrown thrown

	forwarder *forwarder // to its canary; nil unless that is on trial

	context context.Context // of its checks
	cancel  context.CancelFunc
	back    bool // the generation before is checked
}

// measureBefore is how long a reload waits until the gauge has sent its first probes, which are to tell what it was like before any
// worker was started. It takes less than a millisecond, unless the machine is very busy.
const measureBefore = 250 * time.Millisecond

// observe notes what has been measured, before something happens that may end a reload.
func (l *loop) observe(f fact) {
	switch f.(type) {
	case saidStatus, counted, holds, forked:
		return // they end none
	}
	l.noteReadings()
}

// noteReadings puts what has been measured so far into the reloads under way.
func (l *loop) noteReadings() {
	for id, t := range l.trials {
		if r := l.pool.reload(id); r != nil {
			r.Measured = l.reading(t)
		}
	}
}

// attend begins to measure reloads that have begun, and ends that with them.
func (l *loop) attend() {
	for _, r := range l.pool.reloads {
		t := l.trials[r.ID]
		switch under := r.begun(); {
		case under && t == nil:
			t = l.beginTrial(r.Generation)
			l.trials[r.ID] = t
		case !under && t != nil:
			l.forward(t, r)
			l.endTrial(r.ID, t)
		case t != nil:
			t.follow(r)
			l.forward(t, r)
		}
	}
}

func (l *loop) beginTrial(generation int) *trial {
	t := &trial{}
	t.context, t.cancel = context.WithCancel(context.Background())
	seek, own := l.observer.seeker(), l.observer.own
	interval := l.plans[l.pool.generation].ProbeInterval // the reload's own is not read yet
	t.gauge = newGauge(interval, generation, instruments{
		endpoints: l.observer.probed,
		queues:    func() (deepest uint32, err error) { return l.observer.deepest(&t.thrown) },
		counters:  kernel.ListenCounters,
		knock:     knocker{own: own, whose: seek.whose}.knock,
		cost:      seek.cost,
		alone: func() bool {
			alone, err := l.observer.alone(generation)
			return alone && err == nil
		},
	})
	return t
}

// copyOf is the reload for a reader, with what has been measured up to now: while it waits nothing happens that the
// pool would be told of.
func (l *loop) copyOf(r *Reload) Reload {
	c := l.pool.copyOf(r)
	if t := l.trials[r.ID]; t != nil {
		c.Measured = l.reading(t)
	}
	return c
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
}

// probed are the listeners at which a client is to be served all the time.
func (o *observer) probed() (list []ListenAddress) {
	_ = o.ask(func(l *loop) {
		list = l.targets()
		r := l.pool.rotating
		if !l.pool.planned() {
			return
		}
		both := l.plans[r.Generation].listeners
		if r.State == ReloadLive {
			both = l.plans[r.before].listeners
		}
		list = slices.DeleteFunc(list, func(a ListenAddress) bool {
			return !slices.ContainsFunc(both, func(other listener) bool { return other.address() == a.Address })
		})
	})
	return list
}

// deepest is the length of the longest queue. What the listeners have thrown away is noted.
func (o *observer) deepest(t *thrown) (uint32, error) {
	queues, err := o.queues()
	if err == nil {
		t.note(queues)
	}
	longest := uint32(0)
	for _, q := range queues {
		longest = max(longest, q.Depth)
	}
	return longest, err
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
		round.Slots[id] = l.pool.workers[id].Slot
	}
	return round
}

// serves reports whether the worker is ready and has a slot.
func (o *observer) serves(worker string) (serves bool) {
	_ = o.ask(func(l *loop) {
		w := l.pool.workers[worker]
		serves = w != nil && slices.Contains(l.pool.serving(w.Generation), worker)
	})
	return serves
}

// lastWords are what a worker has printed last.
func (o *observer) lastWords(worker string) (lines []string) {
	_ = o.askJournal(worker, func(j *journal) { lines = j.last() })
	return lines
}

// serving are the ready workers of a generation that have a slot.
func (p *pool) serving(generation int) (ids []string) {
	for _, s := range p.slots {
		if s.servedBy(generation) {
			ids = append(ids, s.duty.ID)
		}
	}
	return ids
}
