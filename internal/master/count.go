package master

import (
	"errors"
	"maps"
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/pool"
	"rota/internal/record"
)

// How connections are counted: those of the workers that drain or start time and again, and those of each worker that its minder is
// about to tell to stop, or to end.

// countConnections counts those of these workers: at once when none were counted
// lately, else after a pause that keeps the cost of counting many of them small.
func (l *loop) countConnections() {
	time.AfterFunc(time.Until(l.nextCount), func() {
		followed := l.mailbox.followed()
		began := time.Now()
		seen, err := l.observer.seeConnections(followed)
		l.observer.dropEnded(seen.Held)
		l.observer.lookForAccepting()
		l.mailbox.counted(seen, time.Since(began), err)
	})
}

// noteCount takes in what a count has shown, and says when the next one may be.
func (l *loop) noteCount(seen losses.Look, cost time.Duration, err error) {
	l.countPause = max(countFirst, min(2*l.countPause, countEvery))
	l.nextCount = time.Now().Add(max(l.countPause, 10*cost))
	if err != nil {
		l.options.Log.Debug().Err(err).Msg("cannot count connections")
	}
	l.withoutEvicted(seen.Held)
	l.noteLook(seen)
	l.handle(countOf(seen.Held))
}

// The pause between two counts: countFirst when somebody has just been told to stop, or was started, then longer and longer.
const (
	countFirst = 10 * time.Millisecond
	countEvery = 250 * time.Millisecond
)

// seeConnections looks at what the workers hold; nil if the kernel does not tell.
func (o *observer) seeConnections(workers []string) (seen losses.Look, err error) {
	seen.Began = time.Now()
	seen.Before, _ = kernel.Resets()
	seen.Held, err = o.census(workers)
	seen.After, _ = kernel.Resets()
	return seen, err
}

// countOf is nil in both if the kernel would not say.
func countOf(held map[string][]listen.Connection) pool.Counted {
	if held == nil {
		return pool.Counted{}
	}
	f := pool.Counted{Connections: make(map[string]int, len(held)), Some: make(map[string][]record.CutConnection, len(held))}
	for id, list := range held {
		f.Connections[id], f.Some[id] = len(list), listen.CutConnections(list, record.Dropped)
	}
	return f
}

// dropEnded leaves out the workers that end: should it have been a crash, what they had before that is what counts.
func (o *observer) dropEnded(held map[string][]listen.Connection) {
	families, _ := o.families(slices.Collect(maps.Keys(held)))
	for id, family := range families {
		if family.Ended() {
			delete(held, id)
		}
	}
}

// withoutEvicted leaves out what has been closed for a worker: it may keep the socket, or the peer may. And
// what is no client's but the master's own.
func (l *loop) withoutEvicted(held map[string][]listen.Connection) map[string][]listen.Connection {
	for id, list := range held {
		minder := l.minders[id]
		held[id] = slices.DeleteFunc(list, func(c listen.Connection) bool {
			return minder != nil && minder.evicted[c.Cookie] || l.observer.own.Has(c.Remote)
		})
	}
	return held
}

// heldBy returns the connections of a worker that have not been closed for it. It is not known if the
// kernel does not show them, or takes longer than so long.
func (o *observer) heldBy(worker string, within time.Duration) (list []listen.Connection, known bool) {
	answer, err := o.joinHeld(worker)
	if err == nil {
		slow := lapse.NewTimer()
		slow.Reset(within)
		defer slow.Stop()
		select {
		case held := <-answer:
			list, known = held[worker]
		case <-slow.C:
			err = errors.New("the kernel takes too long")
		case <-o.done:
			err = ErrStopped
		}
	}
	if !known {
		o.warning(err).Str("worker_id", worker).Msg("cannot count the connections of a worker")
	}
	return list, known
}
