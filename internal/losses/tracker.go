package losses

import (
	"time"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// Tracker knows how the connections of a worker end: from its stop signal on, or, if a reload has started it,
// until it is ready. It belongs to the loop.
type Tracker struct {
	KernelReports bool                         // each connection that ends; else rota looks for what is left of it
	Known         map[uint64]listen.Connection // by cookie, all that any look has shown, as they were last seen
	last          map[uint64]bool              // those that the last look has shown
	sent          map[uint64]uint64            // how many bytes the worker had sent to each when it was first seen
	ended         map[uint64]ConnectionEnd
	begun         time.Time
	since         time.Time // of the last look: what has come later was not seen
	reset         uint64    // kernel.Resets as of then

	Accepts bool // the worker was seen to wait for connections before it was ready

	Gone int // connections that vanished between two looks while some were reset
}

// Look is what one look has shown of the connections of workers.
type Look struct {
	Held          map[string][]listen.Connection
	Began         time.Time
	Before, After uint64 // kernel.Resets, when it began and when it was over
}

// ConnectionEnd is how one connection ended.
type ConnectionEnd struct {
	kernel.Ending
	At          time.Time
	WorkerLived bool // the worker lived on
	WorkerFirst bool // the worker closed it before the client did; only found out where it matters
}

// NewTracker returns a tracker that begins now.
func NewTracker(kernelReports bool) *Tracker {
	return &Tracker{KernelReports: kernelReports, Known: map[uint64]listen.Connection{}, last: map[uint64]bool{}, sent: map[uint64]uint64{},
		ended: map[uint64]ConnectionEnd{}, begun: time.Now(), since: time.Now()}
}

// MayBeUnseen reports whether a connection of the worker that ended at that time may have escaped all looks:
// after the last one, or soon after the stop signal, when the worker may just have accepted it.
func (e *Tracker) MayBeUnseen(at time.Time) bool {
	return at.After(e.since) || at.After(e.begun) && at.Before(e.begun.Add(unseenFor))
}

const unseenFor = time.Second

// AddLook takes in a look. vanished are the connections of the look before that are not in this one, if some
// may have been reset.
func (e *Tracker) AddLook(seen Look, list []listen.Connection) (vanished []listen.Connection) {
	last := make(map[uint64]bool, len(list))
	for _, c := range list {
		last[c.Cookie] = true
		if _, seen := e.Known[c.Cookie]; !seen {
			e.sent[c.Cookie] = c.BytesOut()
		}
		e.Known[c.Cookie] = c
	}
	for cookie := range e.last {
		if !last[cookie] && !e.KernelReports && seen.After > e.reset {
			vanished = append(vanished, e.Known[cookie])
		}
	}
	e.last, e.since, e.reset = last, seen.Began, seen.Before
	return vanished
}

// AddEnd takes in how a connection ended. It returns false if no look has shown that connection.
func (e *Tracker) AddEnd(end ConnectionEnd) bool {
	if _, seen := e.Known[end.Cookie]; !seen {
		return false
	}
	e.ended[end.Cookie] = end
	return true
}

// Unaccounted reports whether the kernel has yet to tell how some of the last connections ended, and they are
// not about to end.
func (e *Tracker) Unaccounted(leaving map[uint64]kernel.Leaving) bool {
	for cookie := range e.last {
		_, told := e.ended[cookie]
		l, leaves := leaving[cookie]
		if !told && e.Known[cookie].TCP != nil && (!leaves || l.Over) {
			return true
		}
	}
	return false
}
