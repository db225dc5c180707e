package master

import (
	"rota/internal/kernel"
)

// remains are what can be seen after the end.
type remains struct {
	leaving   map[uint64]kernel.Leaving
	peers     map[string]bool // their clients' addresses, by which connections are found that no look has shown
	resets    uint64          // kernel.Resets
	strangers []ended         // connections that no look has shown and that ended since the last look, or are ending
}

// fate judges the connections one by one. These count as dropped: a connection that the worker, or its end,
// reset with something unread; and one that was open when the worker ended by a signal that it did not
// handle, or by an error. Every other connection that was closed in peace has drained, unless it is in doubt.
func (e *ending) fate(d death, s remains) Fate {
	f := Fate{Seen: SeenByStates}
	if e.told {
		f.Seen = SeenToldByKernel
	}
	lost, waits, open := e.judgeAll(d, s)
	f.Dropped, f.Connections, f.Unsure = len(lost), cutOf(lost, Dropped), waits+open
	doubt := func(n int, what string) {
		if n > 0 {
			f.Doubts = append(f.Doubts, plural(n, "connection", "connections")+what)
		}
	}
	doubt(waits, " closed by the "+d.name+" although nothing was sent since the client's last bytes")
	doubt(open, " ended at about the time when the "+d.name+" "+d.how)
	doubt(e.gone+e.vanished(d, s), " of the "+d.name+" vanished while connections on this machine were reset")
	f.Doubts = append(f.Doubts, e.unseen(d, s)...)
	return f
}

// judgeAll returns the connections that were lost, and counts those of which that is not certain.
func (e *ending) judgeAll(d death, s remains) (lost []Connection, waits, open int) {
	for cookie, c := range e.known {
		if d.cut[cookie] {
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

func (e *ending) judge(c *Connection, d death, s remains) outcome {
	leaving, leaves := s.leaving[c.Cookie]
	end, told := e.ended[c.Cookie]
	if e.told && !told && leaves && !leaving.Over { // its client has not acknowledged the end yet
		end = ended{Ending: leaving.Ending, First: true}
	}
	last, gone := e.last[c.Cookie], leaves || c.TCP == nil // unless its client was first
	switch {
	case end.Unread > 0 && c.TCPState == "ESTABLISHED", end.Aborted && c.State() == ConnectionActive:
		return wasLost
	case d.doom.held[c.Cookie] && (!end.Early || leaves), d.manner == endedByCrash && last && !end.Early:
		return wasLost
	case d.failed() && last && !end.Early && gone:
		if e.told {
			return wasLost
		}
		return wasOpen // a count may be old
	case d.manner == endedAsTold && last && !end.Early && gone && c.State() == ConnectionActive &&
		(!e.told || end.BytesOut == e.sent[c.Cookie]):
		return wasOpen // nothing was sent to it since the signal, as far as is known
	case d.killed && last && !end.Early:
	case e.waited(c, end, last && !end.Early, end.First || leaves):
		return wasWaiting
	}
	return wasFine
}

// waited reports whether the client may have waited for an answer when its connection was closed in peace: at
// the worker's end, or by the worker first. A worker that says goodbye to each client and lets the client
// answer, as with WebSockets, has sent something since it was told to stop.
func (e *ending) waited(c *Connection, end ended, atEnd, first bool) bool {
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
func (e *ending) vanished(d death, s remains) int {
	if e.told || s.resets <= e.reset || d.killed {
		return 0
	}
	var list []Connection
	for cookie := range e.last {
		if !d.cut[cookie] && !d.doom.held[cookie] && d.manner != endedByCrash {
			list = append(list, e.known[cookie])
		}
	}
	return traceless(list, s.leaving)
}

// traceless counts the connections of which nothing is left: they were reset, or the client closed them first.
func traceless(list []Connection, leaving map[uint64]kernel.Leaving) (n int) {
	for _, c := range list {
		if _, leaves := leaving[c.Cookie]; !leaves && c.TCP != nil && c.TCPState == "ESTABLISHED" {
			n++
		}
	}
	return n
}

// sudden reports whether the worker may have ended with connections that no look has shown.
func (e *ending) sudden(d death) bool {
	return d.doom.certain && d.doom.accepts || d.doom.unseen || d.manner == endedByCrash || d.manner == endedAsTold ||
		d.failed() && (len(e.known) > 0 || e.accepts)
}

// unseen says what may have been lost although no look has shown it, a sentence each.
func (e *ending) unseen(d death, s remains) []string {
	sudden := e.sudden(d)
	served := !d.young || e.accepts || len(e.known) > 0
	if sudden && served && d.signalled && !d.withdrew && !d.killed {
		return []string{"the " + d.name + " was ended by " + d.stop + " itself, so whether it had connections " +
			"at that moment is not known; a program has to handle its stop signal"}
	}
	if !e.told || d.killed {
		return nil
	}
	n := 0
	for _, end := range s.strangers {
		first, nothing := s.peers[end.Remote], end.BytesOut == 0
		if end.Unread > 0 || end.Aborted || sudden && nothing || first && (nothing || end.Unanswered || end.MayBeUnanswered) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{plural(n, "connection", "connections") +
		" of some worker ended badly at about the time when the " + d.name + " " + d.how}
}
