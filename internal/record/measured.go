package record

import "time"

// Measured is what probes and the kernel's counters have shown so far.
type Measured struct {
	Probes Probes

	Proven   bool     // the new generation has answered a probe since every slot had changed
	Unproven []string // names of the listeners where others have answered and it has not

	Stalled        time.Duration // the longest stall of a probe; 0: none
	StalledUsually time.Duration // the slowest probe at that listener before the reload
	Slow           time.Duration // the longest wait at a listener where that is not known; 0: none

	// What the kernel has counted meanwhile, in the whole network namespace.
	Overflows     int // connections that a full queue refused
	Drops         int // connections dropped for any reason, Overflows among them
	CountersKnown bool

	// ListenerDrops is how many packets rota's own listeners have dropped: at least one for each of rota's
	// connections counted above, and others that belonged to no connection.
	ListenerDrops int

	DeepestQueue int // the most that were seen to wait in one listener's queue, a probe among them
}

// Probes counts connections by what became of them. Sent is the sum of OK, Refused, Reset and Unanswered.
type Probes struct {
	Sent       int
	OK         int // a worker answered, or closed it properly; the sum of the next three
	New        int // a worker of the reload's generation did, or of a later one
	Older      int
	Unknown    int // it is unknown which worker answered
	Refused    int // no process listened
	Reset      int // broken off
	Unanswered int // not made, or neither answered nor closed; more than the next two where nobody could see which
	Queued     int // of those: nobody accepted it
	Silent     int // of those: it was accepted

	Slowest time.Duration // until the slowest of those that were OK was answered; 0: none was, as of the next
	Before  time.Duration // of those sent before a worker of the new generation was started
	During  time.Duration // from then on
	After   time.Duration // of those sent since every slot has changed
}
