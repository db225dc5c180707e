package master

import (
	"slices"
	"time"

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
		seen, err := l.observer.See(followed)
		l.observer.DropEnded(seen.Held)
		l.mailbox.lookForAccepting()
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

// withoutEvicted leaves out what has been closed for a worker: it may keep the socket, or the peer may. And
// what is no client's but the master's own.
func (l *loop) withoutEvicted(held map[string][]listen.Connection) map[string][]listen.Connection {
	for id, list := range held {
		minder := l.minders[id]
		held[id] = slices.DeleteFunc(list, func(c listen.Connection) bool {
			return minder != nil && minder.evicted[c.Cookie] || l.observer.Own.Has(c.Remote)
		})
	}
	return held
}
