package minder

import (
	"context"
	"time"

	"rota/internal/kernel"
	"rota/internal/pool"
)

// A draining worker is watched until it has stopped accepting.

// watchWithdrawal returns at once, and a goroutine looks until the worker has stopped accepting, or
// stopLooking is called. looked is closed after the first look, which should come before the stop signal. A
// look may have to wait for the worker's processes, so the caller must not wait for it for long.
func (w *watch) watchWithdrawal() (looked <-chan struct{}) {
	first := make(chan struct{})
	if len(w.Listeners) == 0 {
		close(first)
		return first
	}
	from := newWithdrawal(w.Listeners, w.unused())
	from.first = kernel.Family{w.process.Root().First()}
	ctx, cancel := context.WithCancel(context.Background())
	w.stopLooking = cancel
	go w.followWithdrawal(ctx, from, func() { close(first) })
	return first
}

// unused are the listeners on which the worker was never seen to accept, while it was on others. It has them
// only because every worker inherits all. They are not known if nobody has looked, or if something could not
// be seen.
func (w *watch) unused() map[uint64]bool {
	if w.schedule == nil || w.schedule.latest.Unseen != "" {
		return nil
	}
	unused, used := map[uint64]bool{}, false
	for i, l := range w.schedule.latest.Listeners {
		used = used || l.Accepting
		if !l.Accepting && !l.Registered {
			unused[w.Listeners[i].Inode] = true
		}
	}
	if !used {
		return nil
	}
	return unused
}

func (m *Minder) followWithdrawal(ctx context.Context, w *withdrawal, begun func()) {
	told, warned := time.Now(), false
	for looks := 1; ; looks++ {
		began := time.Now()
		waits, unseen := m.waits(w.listeners)
		now := time.Now()
		stopped := w.see(now, waits, unseen)
		if looks == 1 {
			begun()
		}
		if ctx.Err() != nil {
			return
		}
		if stopped {
			m.Post(pool.StoppedAccepting{Worker: m.Start.Worker, At: w.since, Lived: !w.first.Ended()})
			return
		}
		if names := w.waitsOn(); !warned && names != "" && now.Sub(told) >= stopsWithin {
			warned = true
			m.log.Warn().Str("listeners", names).Str("after", now.Sub(told).Round(time.Millisecond).String()).
				Msg("worker was told to stop and still waits for connections")
			m.Post(pool.StillAccepts{Worker: m.Start.Worker, Listeners: names, After: now.Sub(told)})
		}
		select {
		case <-time.After(lookPause(now.Sub(told), now.Sub(began))):
		case <-ctx.Done():
			return
		}
	}
}

func (m *Minder) waits(listeners []kernel.Listener) (map[uint64]kernel.Wait, kernel.Unseen) {
	return kernel.Waiting(m.Family(m.Start.Worker), kernel.Inodes(listeners))
}

// stopsWithin is how long after its stop signal a worker may go on accepting before there is a warning.
const stopsWithin = 5 * time.Second

// lookPause is the time until the next look: an eighth of the time since the stop signal, so that a worker
// that drains for long is not looked at often. Where looks take long it is longer, up to the whole time since
// the signal.
func lookPause(since, took time.Duration) time.Duration {
	return max(since/8, min(20*took, since), shortestLookPause)
}

const shortestLookPause = 5 * time.Millisecond
