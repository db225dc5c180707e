package lapse

import (
	"sync"
	"time"
)

// Watch measures how much time something takes of that which this process has had: a standstill does not count.
type Watch struct {
	mu    sync.Mutex
	began time.Time
	lost  time.Duration // in standstills
	due   time.Time     // when it looks next
	was   bool          // the look before was late
	timer *time.Timer
	ended bool
}

// watchEvery is how often it looks whether the process runs.
const watchEvery = lateBy / 2

// StartWatch returns one that runs until Stop.
func StartWatch() *Watch {
	w := &Watch{began: time.Now()}
	w.mu.Lock() // the first look may come at once
	defer w.mu.Unlock()
	w.next(w.began)
	return w
}

// Took is how much time it has been so far.
func (w *Watch) Took() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	return now.Sub(w.began) - w.lost - w.late(now)
}

// Stop ends it. Without that it would look for ever.
func (w *Watch) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}

// late is how long the process has just stood still. Of two looks in a row one counts in any case: a machine on
// which everything is late does not stand still.
func (w *Watch) late(now time.Time) time.Duration {
	if over := now.Sub(w.due); over > lateBy && !w.was {
		return over
	}
	return 0
}

func (w *Watch) next(now time.Time) {
	w.due = now.Add(watchEvery)
	w.timer = time.AfterFunc(watchEvery, w.look)
}

func (w *Watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	now := time.Now()
	late := w.late(now)
	w.lost += late
	w.was = late > 0
	w.next(now)
}
