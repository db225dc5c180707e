package minder

import (
	"slices"
	"strings"
	"time"

	"rota/internal/kernel"
)

// withdrawal is how a worker that was told to stop lets go of its listeners, as far as the kernel shows it.
type withdrawal struct {
	first      kernel.Family     // its first process
	listeners  []kernel.Listener // the stream sockets that it inherited
	unused     map[uint64]bool   // those on which it was never seen to accept; see watch.unused
	registered map[uint64]bool   // those that were in one of its epoll sets
	waits      map[uint64]kernel.Wait
	absent     int       // looks in a row in which it waited on none of them
	since      time.Time // the first of those
}

func newWithdrawal(listeners []kernel.Listener, unused map[uint64]bool) *withdrawal {
	return &withdrawal{listeners: listeners, unused: unused, registered: map[uint64]bool{}}
}

// looksToBeSure is how many looks in a row must find that a worker waits on none of the listeners that it
// keeps open. A program may take one out of its epoll set for a moment, as with EPOLLONESHOT or at its limit
// of connections.
const looksToBeSure = 3

// see takes in one look, and reports whether the worker has stopped accepting.
func (w *withdrawal) see(at time.Time, waits map[uint64]kernel.Wait, unseen kernel.Unseen) bool {
	w.waits = waits
	closed, absent := unseen == "", unseen == ""
	for _, l := range w.listeners {
		wait := waits[l.Inode]
		w.registered[l.Inode] = w.registered[l.Inode] || wait.Registered
		if wait.MayAccept() {
			delete(w.unused, l.Inode)
		}
		if w.unused[l.Inode] {
			continue
		}
		shut := !wait.Open && !wait.Blocked
		left := w.registered[l.Inode] && !wait.MayAccept()
		closed, absent = closed && shut, absent && (shut || left)
	}
	switch {
	case !absent:
		w.absent = 0
	case w.absent == 0:
		w.since = at
		fallthrough
	default:
		w.absent++
	}
	return closed || w.absent >= looksToBeSure
}

// waitsOn are the names of the listeners on which the worker waited at the latest look: "tcp, http". A
// listener that is in an epoll set, but not open, is left out: nobody knows whether the worker still accepts
// from it.
func (w *withdrawal) waitsOn() string {
	var names []string
	for _, l := range w.listeners {
		wait := w.waits[l.Inode]
		if (wait.Blocked || wait.Registered && wait.Open) && !slices.Contains(names, l.Name) {
			names = append(names, l.Name)
		}
	}
	return strings.Join(names, ", ")
}
