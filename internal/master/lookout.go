package master

import (
	"time"

	"rota/internal/kernel"
)

// How a draining worker is looked at until it has stopped accepting.

// watchWithdrawal returns at once, and looks until the worker has stopped accepting or is gone. looked is closed after the first
// look, which should come before the worker hears that it is to stop. Whoever looks may have to wait for the
// worker's processes, so nobody may wait for him for long.
func (m *minder) watchWithdrawal() (looked <-chan struct{}) {
	first := make(chan struct{})
	if len(m.listeners) == 0 {
		close(first)
		return first
	}
	go m.followWithdrawal(newWithdrawal(m.listeners), func() { close(first) })
	return first
}

func (m *minder) followWithdrawal(w *withdrawal, begun func()) {
	told, warned := time.Now(), false
	for looks := 1; ; looks++ {
		began := time.Now()
		waits, unseen := m.waits()
		now := time.Now()
		stopped := w.see(now, waits, unseen)
		if looks == 1 {
			begun()
		}
		if stopped {
			m.post(stoppedAccepting{worker: m.start.worker, at: w.since})
			return
		}
		if names := w.waitsOn(); !warned && names != "" && now.Sub(told) >= stopsWithin {
			warned = true
			m.log.Warn().Str("listeners", names).Str("after", now.Sub(told).Round(msec).String()).Msg("worker was told to stop and still waits for connections")
			m.post(stillAccepts{worker: m.start.worker, listeners: names, after: now.Sub(told)})
		}
		select {
		case <-time.After(lookPause(now.Sub(told), now.Sub(began))):
		case <-m.gone:
			return
		}
	}
}

func (m *minder) waits() (map[uint64]kernel.Wait, kernel.Unseen) {
	inodes := make([]uint64, 0, len(m.listeners))
	for _, l := range m.listeners {
		inodes = append(inodes, l.Inode)
	}
	return kernel.Waiting(m.family(m.start.worker), inodes)
}

// stopsWithin is how long after its stop signal a worker may go on accepting without being told of.
const stopsWithin = 5 * time.Second

// lookPause is until the next look: an eighth of the time since the stop signal, so that a worker that drains for long is
// not looked at often. Where looking is much work it is longer, up to that time.
func lookPause(since, took time.Duration) time.Duration {
	return max(since/8, min(20*took, since), shortestLookPause)
}

const shortestLookPause = 5 * time.Millisecond
