package master

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/minder"
	"rota/internal/pool"
)

// drain tells a worker to stop. If a socket goes away with the worker, because its slot or the listener is gone, the
// worker first serves the connections that are queued there. Nobody else will, and a program may close its sockets as
// soon as it is told.
func (l *loop) drain(e pool.Drain) {
	o := minder.Order{Kind: minder.OrderDrain, Timeout: e.Timeout}
	m := l.minders[e.Worker]
	if m != nil {
		l.followEndings(m)
	}
	var last []kernel.Listener
	switch {
	case m == nil:
	case l.closed: // every socket goes with the last workers
		last = l.lastHeld
	default:
		last = m.plan.LastSockets(m.Start.Slot, l.pool.Size())
	}
	if len(last) == 0 {
		l.order(e.Worker, o)
		return
	}
	began := time.Now()
	go func() {
		awaitEmptyQueue(last, l.mailbox.done)
		o.Timeout -= min(time.Since(began), emptyWithin) // which is part of it
		l.mailbox.order(e.Worker, o)
	}()
}

// emptyWithin is how long the queues of sockets may take to empty.
const emptyWithin = time.Second

// awaitEmptyQueue returns when the queues of the sockets are empty, or after a while. The kernel steers no new
// connections to them any more. A handshake that was under way gets a moment to end.
func awaitEmptyQueue(sockets []kernel.Listener, done <-chan struct{}) {
	const handshake, pause = 50 * time.Millisecond, 10 * time.Millisecond
	began, within := time.Now(), lapse.NewTimer()
	within.Reset(emptyWithin)
	defer within.Stop()
	for !within.Rung() {
		select {
		case <-time.After(pause):
		case <-done:
			return
		}
		queues, err := kernel.AcceptQueues(sockets)
		waiting := uint32(0)
		for _, q := range queues {
			waiting += q.Depth
		}
		if err != nil || waiting == 0 && time.Since(began) >= handshake {
			return
		}
	}
}
