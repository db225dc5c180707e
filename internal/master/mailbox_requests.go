package master

import (
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/minder"
	"rota/internal/observer"
	"rota/internal/output"
	"rota/internal/plan"
	"rota/internal/pool"
	"rota/internal/record"
)

// What other goroutines tell the loop, or have it do, besides facts and commands. What they may ask is in mailbox_queries.go.

// born says that a worker has a process.
func (b *mailbox) born(s *supervised, root kernel.Root, pid int) {
	_ = b.ask(func(l *loop) {
		s.root, s.runs = root, true
		l.handle(pool.Forked{Worker: s.Start.Worker, PID: pid})
	})
}

// order has a worker obey.
func (b *mailbox) order(worker string, o minder.Order) {
	_ = b.ask(func(l *loop) { l.order(worker, o) })
}

// counted says what a count has shown, how long it took, and whether it failed.
func (b *mailbox) counted(seen losses.Look, cost time.Duration, err error) {
	_ = b.ask(func(l *loop) { l.noteCount(seen, cost, err) })
}

// glanced says what a look at how a worker accepts has shown, and returns what is known by now. It begins to offer
// connections where that is needed to find out; eager: also where the worker only may accept.
func (b *mailbox) glanced(worker string, g observer.Glance, eager bool) (s minder.Acceptance) {
	_ = b.ask(func(l *loop) {
		if w := l.minders[worker]; w != nil {
			l.note(w, g)
			l.seek(w, eager)
			s = w.acceptance(l.required(w))
			s.Unseen = g.Unseen
		}
	})
	return s
}

// glancedAtPredecessor says what a look at a worker that is to be replaced has shown.
func (b *mailbox) glancedAtPredecessor(worker string, g observer.Glance) {
	_ = b.ask(func(l *loop) {
		if w := l.minders[worker]; w != nil {
			l.note(w, g)
		}
	})
}

// takePredecessor returns the worker that this one replaces, the first time; then "".
func (b *mailbox) takePredecessor(worker string) (predecessor string) {
	_ = b.ask(func(l *loop) {
		if w := l.minders[worker]; w != nil {
			predecessor, w.predecessor = w.predecessor, ""
		}
	})
	return predecessor
}

// acceptsEarly says that a worker was seen to accept before it was ready.
func (b *mailbox) acceptsEarly(worker string) {
	_ = b.ask(func(l *loop) {
		if e := l.endings.Of(worker); e != nil {
			e.Accepts = true
		}
	})
}

// vanished says which connections are gone, and which say goodbye.
func (b *mailbox) vanished(gone map[*losses.Tracker][]listen.Connection, leaving map[uint64]kernel.Leaving) {
	_ = b.ask(func(*loop) {
		for e, list := range gone {
			e.Gone += losses.Traceless(list, leaving)
		}
	})
}

// settleFate is the fate of a worker's connections, once it can be told.
func (b *mailbox) settleFate(worker string, d minder.Death, s losses.Remains, waited time.Duration) (f *record.Fate, settled bool) {
	settled = true
	_ = b.ask(func(l *loop) { f, settled = l.settleFate(worker, d, s, waited) })
	return f, settled
}

// evicting says that connections of a worker are being closed, and returns those that were not before.
func (b *mailbox) evicting(worker string, list []listen.Connection) (fresh map[uint64]bool) {
	_ = b.ask(func(l *loop) { fresh = l.evicting(worker, list) })
	return fresh
}

// notEvicted says which of them could not be closed.
func (b *mailbox) notEvicted(worker string, failed []uint64) {
	_ = b.ask(func(l *loop) { l.notEvicted(worker, failed) })
}

// closeLingering closes those of the sockets that no process holds, by inode, and returns whether others are left.
func (b *mailbox) closeLingering(sockets []*listen.Binding, held map[uint64]bool) bool {
	left := 0
	_ = b.ask(func(l *loop) {
		l.closeLingering(func(one *listen.Binding) bool {
			return slices.Contains(sockets, one) && !slices.ContainsFunc(one.Sockets, func(s *listen.Socket) bool { return held[s.Kernel.Inode] })
		})
		left = len(l.lingering)
	})
	return left > 0
}

// mend mends what can be mended, and returns the plan that serves, with a hold of it, and its generation.
func (b *mailbox) mend() (p *plan.Plan, generation int) {
	_ = b.ask(func(l *loop) {
		l.mendFiles()
		l.mendListeners()
		l.renewStale()
		generation = l.pool.ServingGeneration()
		if p = l.plans[generation]; p != nil {
			p.Hold()
		}
	})
	return p, generation
}

// missing says what workers of a generation would lack if they were started now.
func (b *mailbox) missing(generation int, what []string) {
	_ = b.ask(func(l *loop) {
		if l.pool.ServingGeneration() == generation {
			l.missing = what
		}
	})
}

// wait has the loop answer once a reload has come as far as wanted. Error: ErrNoReload.
func (b *mailbox) wait(w waiter) error {
	return b.attempt(func(l *loop) error {
		if l.pool.Reload(w.id) == nil {
			return record.ErrNoReload
		}
		l.waiters = append(l.waiters, w)
		l.answerWaiters()
		return nil
	})
}

// forgetWaiter is for one that waits no longer.
func (b *mailbox) forgetWaiter(answer chan record.Reload) {
	_ = b.ask(func(l *loop) { l.forgetWaiter(answer) })
}

// subscribe begins to follow the events after the number that after returns.
func (b *mailbox) subscribe(after func(*eventLog) uint64) (s *Subscription, err error) {
	err = b.ask(func(l *loop) {
		s = l.events.subscribe(after(&l.events))
		s.Cancel = func() { b.unsubscribe(s) }
	})
	return s, err
}

func (b *mailbox) unsubscribe(s *Subscription) {
	_ = b.ask(func(l *loop) { l.events.remove(s) })
}

// readJournal calls f with the journal of a worker that is gone. Of any other it returns the minder, which has the
// journal. Errors: ErrStopped, ErrNoWorker, ErrLogGone.
func (b *mailbox) readJournal(worker string, f func(*output.Journal)) (m *minder.Minder, err error) {
	err = b.attempt(func(l *loop) error {
		if living := l.minders[worker]; living != nil {
			m = living.Minder
			return nil
		}
		return l.withJournal(worker, f)
	})
	return m, err
}

// planned says that a generation's plan was made, or why it can't be. open are the sockets that were offered to it, each
// with a hold. Error: ErrStopped; then the plan and the holds are still the caller's.
func (b *mailbox) planned(generation int, p *plan.Plan, open []*listen.Binding, failed error) error {
	return b.askMeasured(func(l *loop) { l.planned(generation, p, open, failed) })
}
