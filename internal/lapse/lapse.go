// Package lapse measures time that this process has had.
//
// When a process goes on that was stopped, or whose machine was, its time limits are over and what it waited
// for has arrived, both at the same moment. So a time is counted here in slices, and a slice that ends late
// does not count: after a standstill there is another one left in which to read what has arrived.
package lapse

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A time has slices of an eighth of it, within bounds: that much of a standstill counts, at most.
const (
	shares   = 8
	shortest = 10 * time.Millisecond
	longest  = time.Second
)

// lateBy is how late a slice may end that counts.
const lateBy = 100 * time.Millisecond

// Timer is like a time.Timer.
type Timer struct {
	C <-chan struct{} // holds one value once the time is over, until Reset or Stop; nil for AfterFunc

	ring  func() // while the lock is held
	clear func()

	mu     sync.Mutex
	timer  *time.Timer // of the slice
	turn   int         // tells slices apart
	left   time.Duration
	slice  time.Duration
	due    time.Time // when the slice that runs is over
	late   bool      // the slice before was
	rung   bool
	counts bool
}

// NewTimer returns one that does not run until Reset.
func NewTimer() *Timer {
	c := make(chan struct{}, 1)
	t := &Timer{C: c, ring: func() { c <- struct{}{} }}
	t.clear = func() {
		select {
		case <-c:
		default:
		}
	}
	return t
}

// AfterFunc calls f in a goroutine of its own when the time is over.
func AfterFunc(d time.Duration, f func()) *Timer {
	t := &Timer{ring: func() { go f() }, clear: func() {}}
	t.Reset(d)
	return t
}

// Reset has the time begin anew.
func (t *Timer) Reset(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.halt()
	t.left, t.slice, t.late, t.counts = d, min(max(d/shares, shortest), longest), false, true
	t.next()
}

// Stop has it never be over. What has begun of AfterFunc goes on.
func (t *Timer) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.halt()
}

// Rung reports whether the time is over, and neither Reset nor Stop was called since.
func (t *Timer) Rung() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rung
}

// Left is how much of the time is left; 0 when it is over or was stopped.
func (t *Timer) Left() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.counts {
		return 0
	}
	return max(0, t.left-min(t.left, t.slice)+time.Until(t.due))
}

func (t *Timer) halt() {
	t.turn++
	t.rung, t.counts = false, false
	if t.timer != nil {
		t.timer.Stop()
	}
	t.clear()
}

func (t *Timer) next() {
	turn, slice := t.turn, min(t.left, t.slice)
	t.due = time.Now().Add(slice)
	t.timer = time.AfterFunc(slice, func() { t.over(turn, slice) })
}

// over counts the slice, if it was not late. Of two in a row one counts in any case, or on a machine that is
// always late no time would end.
func (t *Timer) over(turn int, slice time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if turn != t.turn {
		return // it was stopped
	}
	t.late = !t.late && time.Since(t.due) > lateBy
	if !t.late {
		t.left -= slice
	}
	if t.left > 0 {
		t.next()
		return
	}
	t.rung, t.counts = true, false
	t.ring()
}

// WithTimeout is like context.WithTimeout. A context that is derived from it has context.DeadlineExceeded as
// its cause.
func WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	t := AfterFunc(d, func() { cancel(context.DeadlineExceeded) })
	return limited{ctx}, func() {
		t.Stop()
		cancel(context.Canceled)
	}
}

type limited struct{ context.Context }

// Err is context.DeadlineExceeded when the time is over.
func (l limited) Err() error {
	err := l.Context.Err()
	if err != nil && errors.Is(context.Cause(l.Context), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}
