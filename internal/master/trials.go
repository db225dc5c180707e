package master

import (
	"context"
	"slices"

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
}

// observe notes what has been measured, before something happens that may end a reload.
func (l *loop) observe(f fact) {
	switch f.(type) {
	case saidStatus, counted, holds, forked:
		return // they end none
	}
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
			t = l.beginTrial()
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

func (l *loop) beginTrial() *trial {
	t := &trial{}
	t.context, t.cancel = context.WithCancel(context.Background())
	queues := func() (deepest uint32, err error) { return l.deepest(&t.thrown) }
	interval := l.plans[l.pool.generation].ProbeInterval // the reload's own is not read yet
	t.gauge = newGauge(interval, l.probed, queues, kernel.ListenCounters, l.own)
	return t
}

// copyOf is the reload for a reader, with what has been measured up to now: while it waits nothing happens that the
// pool would be told of.
func (l *loop) copyOf(r *Reload) Reload {
	c := r.clone()
	if t := l.trials[r.ID]; t != nil {
		c.Measured = l.reading(t)
	}
	return c
}

// follow has it measure as closely as the reload's state deserves.
func (t *trial) follow(r *Reload) {
	if r.State == ReloadReverting {
		t.cancel()
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
func (m *Master) probed() (list []ListenAddress) {
	_ = m.ask(func(l *loop) {
		list = l.targets()
		r := l.pool.rotating
		if r == nil || !r.prepared {
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
func (m *Master) deepest(t *thrown) (uint32, error) {
	queues, err := m.Queues()
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
		go l.post(checked{reload: e.reload, batches: e.batches, result: Result{Message: errNoChecks.Error()}})
		return
	}
	round := Round{
		Checks:     slices.Concat(plan.Checks, e.checks),
		Headers:    plan.CheckHeaders,
		Timeout:    plan.CheckTimeout,
		Reload:     e.reload,
		Generation: e.generation,
		Revision:   e.revision,
		Live:       e.live,
		Commands:   e.commands,
		Canary:     t.forwarder.first(),
		Listeners:  l.targets(),
		Workers:    l.pool.serving(e.generation),
		Holders:    l.holders,
		Command:    l.runCommand,
		Opened:     l.own.add,
		Closed:     l.own.end,
	}
	liveAt := l.pool.reload(e.reload).LiveAt
	l.crew.Go(func() {
		if e.live {
			l.awaitAlone(t.context, e.generation, liveAt)
		}
		result := l.options.Check(t.context, round)
		if result.Worker != "" && len(result.Output) == 0 {
			result.Output = l.lastWords(result.Worker)
		}
		if t.context.Err() == nil {
			l.post(checked{reload: e.reload, batches: e.batches, result: result})
		}
	})
}

// lastWords are what a worker has printed last.
func (m *Master) lastWords(worker string) (lines []string) {
	_ = m.askJournal(worker, func(j *journal) { lines = j.last() })
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
