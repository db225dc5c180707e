package main

import (
	"sync/atomic"
	"time"

	"rota/internal/lapse"
)

// urgency is what an order to stop means after those before it.
type urgency int

const (
	none  urgency = iota // the signal is no such order
	drain                // the first order: connections may end by themselves
	echo                 // the first order again
	now                  // somebody does not want to wait
)

// echoWithin is how long after the first order to stop another is the same one: a wrapper that passes on what the process group has got as
// well (timeout, npm), or a supervisor that stops what somebody stops at the terminal.
const echoWithin = time.Second

// stopOrders tells an order that arrives twice from impatience.
type stopOrders struct {
	given bool
	heard atomic.Bool // long enough ago for another to be impatience
}

func (o *stopOrders) next() urgency {
	switch {
	case !o.given:
		o.given = true
		lapse.AfterFunc(echoWithin, func() { o.heard.Store(true) })
		return drain
	case !o.heard.Load():
		return echo
	}
	return now
}
