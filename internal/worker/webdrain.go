package worker

import (
	"os"
	"time"
)

// start serves until the intake is closed, and that is the only error Serve comes back with.
func (w *web) start() {
	w.spare, _ = os.Open(os.DevNull)
	w.crew.Go(func() { _ = w.server.Serve(w) })
}

// startDrain makes every response from now on the last one of its connection, and ends the connections
// that have had no request for the grace, counted from now at the earliest.
func (w *web) startDrain() {
	w.draining.Store(true)
	w.mu.Lock()
	w.drained = len(w.conns)
	w.mu.Unlock()
	began := time.Now()
	w.crew.Go(func() { w.reap(began) })
}

// closeIntake lets net/http finish what was taken; take must not be called after it.
func (w *web) closeIntake() { close(w.intake) }

func (w *web) reap(began time.Time) {
	tick := time.NewTicker(max(w.grace/20, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-w.quit:
			return
		case now := <-tick.C:
			if w.leaving.Load() {
				w.endQuiet(now)
			} else if now.Sub(began) >= w.grace {
				w.endQuiet(now.Add(-w.grace))
			}
		}
	}
}

func (w *web) endQuiet(since time.Time) {
	for _, c := range w.snapshot() {
		c.endIfQuiet(since)
	}
}

// startLeave ends at once every connection without a request under way, and the others after it.
func (w *web) startLeave() {
	w.leaving.Store(true)
	w.endQuiet(time.Now())
}

// cut closes what is left.
func (w *web) cut() {
	for _, c := range w.snapshot() {
		c.Conn.Close()
	}
}

// stop is for the end of the loop, in whatever way it came.
func (w *web) stop() {
	if !w.draining.Load() {
		w.closeIntake()
	}
	close(w.quit)
	w.cut()
	w.crew.Wait()
	w.spare.Close()
}
