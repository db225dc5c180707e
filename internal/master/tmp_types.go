package master

import "time"

type CutConnection struct {
	ID, Listener, Remote, State string
	Idle                        time.Duration
}

func (l *loop) check(e check) {}
