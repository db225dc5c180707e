package gauge

import "time"

// outcome is what became of a probe.
type outcome struct {
	result     result
	took       time.Duration // until it was answered, without the time that it took to find out who had accepted it
	generation int           // that has accepted it; 0: unknown
	acceptance acceptance    // of one that was not answered
}

type result int

const (
	notMade    result = iota // for a reason of rota's own, such as no descriptors; it says nothing
	answered                 // something came back, if only the end
	refused                  // nobody listens
	wasReset                 // the connection was reset
	unanswered               // no connection, or silence, when the context was over
)

// acceptance is whether somebody has accepted a connection.
type acceptance int

const (
	acceptanceUnknown acceptance = iota // nobody can tell
	notAccepted
	accepted
)
