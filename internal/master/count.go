package master

import (
	"errors"
	"maps"
	"slices"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
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
		l.observer.dropEnded(seen.held)
		l.observer.lookForAccepting()
		l.mailbox.counted(seen, time.Since(began), err)
	})
}

// noteCount takes in what a count has shown, and says when the next one may be.
func (l *loop) noteCount(seen look, cost time.Duration, err error) {
	l.countPause = max(countFirst, min(2*l.countPause, countEvery))
	l.nextCount = time.Now().Add(max(l.countPause, 10*cost))
	if err != nil {
		l.options.Log.Debug().Err(err).Msg("cannot count connections")
	}
	l.withoutEvicted(seen.held)
	l.noteLook(seen)
	l.handle(countOf(seen.held))
}

// The pause between two counts: countFirst when somebody has just been told to stop, or was started, then longer and longer.
const (
	countFirst = 10 * time.Millisecond
	countEvery = 250 * time.Millisecond
)

// seeConnections looks at what the workers hold; nil if the kernel does not tell.
func (o *observer) seeConnections(workers []string) (seen look, err error) {
	seen.began = time.Now()
	seen.before, _ = kernel.Resets()
	seen.held, err = o.census(workers)
	seen.after, _ = kernel.Resets()
	return seen, err
}

// countOf is nil in both if the kernel would not say.
func countOf(held map[string][]Connection) counted {
	if held == nil {
		return counted{}
	}
	f := counted{connections: make(map[string]int, len(held)), some: make(map[string][]CutConnection, len(held))}
	for id, list := range held {
		f.connections[id], f.some[id] = len(list), cutOf(list, Dropped)
	}
	return f
}

// dropEnded leaves out the workers that end: should it have been a crash, what they had before that is what counts.
func (o *observer) dropEnded(held map[string][]Connection) {
	families, _ := o.families(slices.Collect(maps.Keys(held)))
	for id, family := range families {
		if family.Ended() {
			delete(held, id)
		}
	}
}

// withoutEvicted leaves out what has been closed for a worker: it may keep the socket, or the peer may. And
// what is no client's but the master's own.
func (l *loop) withoutEvicted(held map[string][]Connection) map[string][]Connection {
	for id, list := range held {
		minder := l.minders[id]
		held[id] = slices.DeleteFunc(list, func(c Connection) bool {
			return minder != nil && minder.evicted[c.Cookie] || l.observer.own.has(c.Remote)
		})
	}
	return held
}

// heldBy returns the connections of a worker that have not been closed for it. It is not known if the
// kernel does not show them, or takes longer than so long.
func (o *observer) heldBy(worker string, within time.Duration) (list []Connection, known bool) {
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
