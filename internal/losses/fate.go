// Package losses judges what became of the connections of a worker that has ended.
//
// A Tracker collects what is known of each connection from the stop signal on: by looks, and by what the
// kernel reports. When the worker is gone, its death and what remains in the kernel say which connections
// were lost for certain, which may have been, and why more may have been lost than was seen.
package losses

import (
	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/minder"
	"rota/internal/record"
)

// Remains are what can be seen after the end.
type Remains struct {
	Leaving   map[uint64]kernel.Leaving
	Peers     map[string]bool // their clients' addresses, by which connections are found that no look has shown
	Resets    uint64          // kernel.Resets
	Strangers []ConnectionEnd // connections that no look has shown and that ended since the last look, or are ending
}

// Fate judges the connections one by one. These count as dropped: a connection that the worker, or its end,
// reset with something unread; and one that was open when the worker ended by a signal that it did not
// handle, or by an error. Every other connection that was closed in peace has drained, unless it is in doubt.
func (e *Tracker) Fate(d minder.Death, s Remains) record.Fate {
	f := record.Fate{Seen: record.SeenByStates}
	if e.KernelReports {
		f.Seen = record.SeenToldByKernel
	}
	lost, waits, open := e.judgeAll(d, s)
	f.Dropped, f.Connections, f.Unsure = len(lost), listen.CutConnections(lost, record.Dropped), waits+open
	doubt := func(n int, what string) {
		if n > 0 {
			f.Doubts = append(f.Doubts, record.Plural(n, "connection", "connections")+what)
		}
	}
	doubt(waits, " closed by the "+d.Name+" although nothing was sent since the client's last bytes")
	doubt(open, " ended at about the time when the "+d.Name+" "+d.How)
	doubt(e.Gone+e.vanished(d, s), " of the "+d.Name+" vanished while connections on this machine were reset")
	f.Doubts = append(f.Doubts, e.unseen(d, s)...)
	return f
}

// judgeAll returns the connections that were lost, and counts those of which that is not certain.
func (e *Tracker) judgeAll(d minder.Death, s Remains) (lost []listen.Connection, waits, open int) {
	for cookie, c := range e.Known {
		if d.Cut[cookie] {
			continue
		}
		switch e.judge(&c, d, s) {
		case wasLost:
			lost = append(lost, c)
		case wasOpen:
			open++
		case wasWaiting:
			waits++
		case wasFine:
		}
	}
	return lost, waits, open
}

// outcome is what became of one connection.
type outcome int

const (
	wasFine    outcome = iota
	wasLost            // for certain
	wasOpen            // perhaps lost: it may have been open when the worker ended
	wasWaiting         // perhaps lost: it was closed in peace, but the client may have waited for an answer
)

func (e *Tracker) judge(c *listen.Connection, d minder.Death, s Remains) outcome {
	leaving, leaves := s.Leaving[c.Cookie]
	end, told := e.ended[c.Cookie]
	if e.KernelReports && !told && leaves && !leaving.Over { // its client has not acknowledged the end yet
		end = ConnectionEnd{Ending: leaving.Ending, WorkerFirst: true}
	}
	last, gone := e.last[c.Cookie], leaves || c.TCP == nil // unless its client was first
	switch {
	case end.Unread > 0 && c.TCPState == "ESTABLISHED", end.Aborted && c.State() == listen.ConnectionActive:
		return wasLost
	case d.Forecast.Held[c.Cookie] && (!end.WorkerLived || leaves), d.Manner == minder.EndedByCrash && last && !end.WorkerLived:
		return wasLost
	case d.Failed() && last && !end.WorkerLived && gone:
		if e.KernelReports {
			return wasLost
		}
		return wasOpen // a count may be old
	case d.Manner == minder.EndedAsTold && last && !end.WorkerLived && gone && c.State() == listen.ConnectionActive &&
		(!e.KernelReports || end.BytesOut == e.sent[c.Cookie]):
		return wasOpen // nothing was sent to it since the signal, as far as is known
	case d.Killed && last && !end.WorkerLived:
	case e.Waited(c, end, last && !end.WorkerLived, end.WorkerFirst || leaves):
		return wasWaiting
	}
	return wasFine
}

// Waited reports whether the client may have waited for an answer when its connection was closed in peace: at
// the worker's end, or by the worker first. A worker that says goodbye to each client and lets the client
// answer, as with WebSockets, has sent something since it was told to stop.
func (e *Tracker) Waited(c *listen.Connection, end ConnectionEnd, atEnd, first bool) bool {
	if end.Cookie == 0 || c.TCP == nil {
		return false // the kernel has not told
	}
	switch came := end.BytesIn - c.TCP.BytesIn; {
	case came == 1 && !first: // the client's goodbye
		return false
	case came <= 1: // so it is as it was at the last look
		return c.TCP.Unanswered && c.TCP.BytesOut == end.BytesOut && (atEnd || first)
	case atEnd:
		return end.Unanswered || end.MayBeUnanswered
	}
	quiet := end.BytesOut == e.sent[c.Cookie]
	return first && (end.MayBeUnanswered || end.Unanswered && quiet)
}

// vanished counts, where the kernel does not tell, the connections of which nothing is left, if any were
// reset meanwhile.
func (e *Tracker) vanished(d minder.Death, s Remains) int {
	if e.KernelReports || s.Resets <= e.reset || d.Killed {
		return 0
	}
	var list []listen.Connection
	for cookie := range e.last {
		if !d.Cut[cookie] && !d.Forecast.Held[cookie] && d.Manner != minder.EndedByCrash {
			list = append(list, e.Known[cookie])
		}
	}
	return Traceless(list, s.Leaving)
}

// Traceless counts the connections of which nothing is left: they were reset, or the client closed them
// first.
func Traceless(list []listen.Connection, leaving map[uint64]kernel.Leaving) (n int) {
	for _, c := range list {
		if _, leaves := leaving[c.Cookie]; !leaves && c.TCP != nil && c.TCPState == "ESTABLISHED" {
			n++
		}
	}
	return n
}

// Sudden reports whether the worker may have ended with connections that no look has shown.
func (e *Tracker) Sudden(d minder.Death) bool {
	return d.Forecast.Unhandled && d.Forecast.Accepts || d.Forecast.Unknown || d.Manner == minder.EndedByCrash || d.Manner == minder.EndedAsTold ||
		d.Failed() && (len(e.Known) > 0 || e.Accepts)
}

// unseen says what may have been lost although no look has shown it, a sentence each.
func (e *Tracker) unseen(d minder.Death, s Remains) []string {
	sudden := e.Sudden(d)
	served := !d.NeverReady || e.Accepts || len(e.Known) > 0
	if sudden && served && d.Signalled && !d.StoppedAccepting && !d.Killed {
		return []string{"the " + d.Name + " was ended by " + d.Stop + " itself, so whether it had connections " +
			"at that moment is not known; a program has to handle its stop signal"}
	}
	if !e.KernelReports || d.Killed {
		return nil
	}
	n := 0
	for _, end := range s.Strangers {
		first, nothing := s.Peers[end.Remote], end.BytesOut == 0
		if end.Unread > 0 || end.Aborted || sudden && nothing || first && (nothing || end.Unanswered || end.MayBeUnanswered) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{record.Plural(n, "connection", "connections") +
		" of some worker ended badly at about the time when the " + d.Name + " " + d.How}
}
