package master

import (
	"time"

	"rota/internal/kernel"
)

// ending is what is known of how the connections of a worker end: from its stop signal on, or, if a reload
// has started it, until it is ready. It belongs to the loop.
type ending struct {
	told  bool                  // the kernel tells of each connection that ends; else rota looks for what is left of it
	known map[uint64]Connection // by cookie, the connections that any look has shown, as they were last seen
	last  map[uint64]bool       // those that the last look has shown
	sent  map[uint64]uint64     // how many bytes the worker had sent to each when it was first seen
	ended map[uint64]ended
	begun time.Time
	since time.Time // of the last look: what has come later was not seen
	reset uint64    // kernel.Resets as of then

	accepts bool // the worker was seen to wait for connections before it was ready

	gone int // connections that vanished between two looks while some were reset
}

// look is what one look has shown of the connections of workers.
type look struct {
	held          map[string][]Connection
	began         time.Time
	before, after uint64 // kernel.Resets, when it began and when it was over
}

// ended is how one connection ended.
type ended struct {
	kernel.Ending
	At    time.Time
	Early bool // its worker lived on
	First bool // the worker closed it before the client did. Only found out where it matters
}

func newEnding(told bool) *ending {
	return &ending{told: told, known: map[uint64]Connection{}, last: map[uint64]bool{}, sent: map[uint64]uint64{},
		ended: map[uint64]ended{}, begun: time.Now(), since: time.Now()}
}

// mayBeUnseen reports whether a connection of the worker that ended at that time may have escaped all looks:
// after the last one, or soon after the stop signal, when the worker may just have accepted it.
func (e *ending) mayBeUnseen(at time.Time) bool {
	return at.After(e.since) || at.After(e.begun) && at.Before(e.begun.Add(unseenFor))
}

const unseenFor = time.Second

// take takes in a look. vanished are the connections of the look before that are not in this one, if some may
// have been reset.
func (e *ending) take(seen look, list []Connection) (vanished []Connection) {
	last := make(map[uint64]bool, len(list))
	for _, c := range list {
		last[c.Cookie] = true
		if _, seen := e.known[c.Cookie]; !seen {
			e.sent[c.Cookie] = c.bytesOut()
		}
		e.known[c.Cookie] = c
	}
	for cookie := range e.last {
		if !last[cookie] && !e.told && seen.after > e.reset {
			vanished = append(vanished, e.known[cookie])
		}
	}
	e.last, e.since, e.reset = last, seen.began, seen.before
	return vanished
}

// note takes in how a connection ended. It is false if no look has shown that connection.
func (e *ending) note(end ended) bool {
	if _, seen := e.known[end.Cookie]; !seen {
		return false
	}
	e.ended[end.Cookie] = end
	return true
}

// unaccounted reports whether the kernel has yet to tell how some of the last connections ended, and they are
// not about to end.
func (e *ending) unaccounted(leaving map[uint64]kernel.Leaving) bool {
	for cookie := range e.last {
		_, told := e.ended[cookie]
		l, leaves := leaving[cookie]
		if !told && e.known[cookie].TCP != nil && (!leaves || l.Over) {
			return true
		}
	}
	return false
}
