package master

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/losses"
	"rota/internal/minder"
	"rota/internal/record"
)

// How the loop learns how connections end, of workers that drain or that a reload starts.

// followEndings begins to take note of how the connections of a worker end.
func (l *loop) followEndings(m *supervised) {
	l.countPause = countFirst
	if l.fate == nil {
		return
	}
	if err := l.endings.Follow(m.Start.Worker, l.endpoints()); err != nil {
		l.options.Log.Debug().Err(err).Msg("the kernel does not tell how connections end")
	}
}

// hearEndings has a goroutine take in what the kernel tells.
func (l *loop) hearEndings(watch *kernel.Endings) {
	l.background.Go(func() { losses.Hear(watch, view{l.mailbox}) })
}

// noteLook adds what was seen of workers that are followed. Some connections may have ended meanwhile.
func (l *loop) noteLook(seen losses.Look) {
	if vanished := l.endings.Looked(seen); len(vanished) > 0 {
		l.lookForTraces(vanished)
	}
}

// lookForTraces counts the connections that may have been reset. It takes a while, so it has a goroutine of its own.
func (l *loop) lookForTraces(vanished map[*losses.Tracker][]listen.Connection) {
	endpoints := l.endpoints()
	l.background.Go(func() {
		leaving, err := kernel.Leavings(endpoints)
		if err != nil {
			return
		}
		l.mailbox.vanished(vanished, leaving)
	})
}

// unseen is a worker that is not ready and was not seen to accept.
type unseen struct {
	worker    string
	listeners []kernel.Listener
	family    kernel.Family
}

// lookForAccepting finds out which of the workers that are not ready yet, and have no connections either, may accept some.
func (b *mailbox) lookForAccepting() {
	for _, w := range b.startingUnseen() {
		if minder.MayAccept(w.family, w.listeners) {
			b.acceptsEarly(w.worker)
		}
	}
}

// settlePause is the pause between two tries to tell the fate of connections.
const settlePause = 2 * time.Millisecond

// fateOf finds out what became of the connections of a worker that has ended: nil if they were not followed.
func (b *mailbox) fateOf(worker string, d minder.Death) *record.Fate {
	began := time.Now()
	for {
		var s losses.Remains
		endpoints, err := view{b}.Endpoints()
		if err != nil {
			return nil
		}
		s.Leaving, _ = kernel.Leavings(endpoints)
		s.Resets, _ = kernel.Resets()
		if f, settled := b.settleFate(worker, d, s, time.Since(began)); settled {
			return f
		}
		select {
		case <-time.After(settlePause):
		case <-b.done:
		}
	}
}

func (l *loop) settleFate(worker string, d minder.Death, s losses.Remains, waited time.Duration) (f *record.Fate, settled bool) {
	m := l.minders[worker]
	if m == nil || l.endings.Of(worker) == nil {
		return nil, true
	}
	for cookie := range m.evicted {
		d.Cut[cookie] = true // as is who was cut, they are counted already
	}
	if w, alive := l.pool.Alive(worker); alive {
		d.StoppedAccepting, d.NeverReady = l.pool.Withdrew(worker), w.ReadyAt.IsZero()
	}
	fate, settled := l.endings.Settle(worker, d, s, waited)
	if !settled {
		return nil, false
	}
	return &fate, true
}
