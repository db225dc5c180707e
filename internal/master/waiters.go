package master

import (
	"context"
	"slices"

	"rota/internal/record"
)

// How callers wait for a reload.

// waiter waits for a reload to come as far as it says.
type waiter struct {
	id     string
	over   func(*record.Reload) bool
	answer chan record.Reload // buffered
}

// Wait returns the reload once it is live and no longer on trial, completed (as target says), or has
// ended otherwise. Errors: ErrNoReload, and the context's.
func (m *Master) Wait(ctx context.Context, id string, target record.ReloadState) (record.Reload, error) {
	return m.waitUntil(ctx, id, func(r *record.Reload) bool { return r.Reached(target) })
}

// WaitCanary returns the reload once its canary is reached, skipped or known not to exist, or the reload has
// ended. Errors: as Wait.
func (m *Master) WaitCanary(ctx context.Context, id string) (record.Reload, error) {
	return m.waitUntil(ctx, id, (*record.Reload).CanaryDecided)
}

// waitUntil returns the reload once over says so of it. Errors: as Wait.
func (m *Master) waitUntil(ctx context.Context, id string, over func(*record.Reload) bool) (record.Reload, error) {
	answer := make(chan record.Reload, 1)
	if err := m.wait(waiter{id: id, over: over, answer: answer}); err != nil {
		return record.Reload{}, err
	}
	select {
	case r := <-answer:
		return m.recount(r), nil
	case <-ctx.Done():
		m.forgetWaiter(answer)
		return record.Reload{}, ctx.Err()
	case <-m.done:
	}
	select {
	case r := <-answer: // the last thing that the loop did
		return r, nil
	default:
		return record.Reload{}, ErrStopped
	}
}

func (l *loop) forgetWaiter(answer chan record.Reload) {
	l.waiters = slices.DeleteFunc(l.waiters, func(w waiter) bool { return w.answer == answer })
}

func (l *loop) answerWaiters() {
	waiting := l.waiters[:0]
	for _, w := range l.waiters {
		if r := l.pool.Reload(w.id); r != nil {
			if c := l.pool.CopyOf(r); w.over(&c) {
				w.answer <- c
				continue
			}
		}
		waiting = append(waiting, w)
	}
	l.waiters = waiting
}
