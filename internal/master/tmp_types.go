package master

import "time"

type Probes struct {
	Sent, OK, Refused, Reset, Unanswered int
	Slowest                              time.Duration
}
type Measured struct {
	Probes           Probes
	Overflows, Drops int
	CountersKnown    bool
	DeepestQueue     int
}
type CutConnection struct {
	ID, Listener, Remote, State string
	Idle                        time.Duration
}
type Result struct {
	OK                     bool
	Check, Message, Worker string
	Output                 []string
	Passed, Reached, Of    int
}

func (l *loop) check(e check) {}
