package master

import (
	"context"
	"slices"

	"rota/internal/pool"
)

// How callers wait for a reload.

// waiter waits for a reload to come as far as it says.
type waiter struct {
	id     string
	over   func(*pool.Reload) bool
	answer chan pool.Reload // buffered
}

// Wait returns the reload once it is live and no longer on trial, completed (as target says), or has
// ended otherwise. Errors: ErrNoReload, and the context's.
func (m *Master) Wait(ctx context.Context, id string, target pool.ReloadState) (pool.Reload, error) {
	return m.waitUntil(ctx, id, func(r *pool.Reload) bool { return r.Reached(target) })
}

// WaitCanary returns the reload once its canary is reached, skipped or known not to exist, or the reload has
// ended. Errors: as Wait.
func (m *Master) WaitCanary(ctx context.Context, id string) (pool.Reload, error) {
	return m.waitUntil(ctx, id, (*pool.Reload).CanaryDecided)
}

// waitUntil returns the reload once over says so of it. Errors: as Wait.
func (m *Master) waitUntil(ctx context.Context, id string, over func(*pool.Reload) bool) (pool.Reload, error) {
	answer := make(chan pool.Reload, 1)
	if err := m.wait(waiter{id: id, over: over, answer: answer}); err != nil {
		return pool.Reload{}, err
	}
	select {
	case r := <-answer:
		return m.recount(r), nil
	case <-ctx.Done():
		m.forgetWaiter(answer)
		return pool.Reload{}, ctx.Err()
	case <-m.done:
	}
	select {
	case r := <-answer: // the last thing that the loop did
		return r, nil
	default:
		return pool.Reload{}, ErrStopped
	}
}

func (l *loop) forgetWaiter(answer chan pool.Reload) {
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
