package master

import "time"

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
