package main

import (
	"sync/atomic"
	"time"

	"rota/internal/lapse"
)

// urgency is what an order to stop means, given the orders before it.
type urgency int

const (
	none  urgency = iota // the signal is no order to stop
	drain                // the first order: connections may end by themselves
	echo                 // the first order again
	now                  // somebody is impatient
)

// echoWithin is how long after the first order another one counts as the same. One order may arrive twice:
// from the process group and from a wrapper that passes it on (timeout, npm), or from a terminal and a
// supervisor.
const echoWithin = time.Second

// stopOrders tells impatience from an order that arrives twice.
type stopOrders struct {
	given bool
	heard atomic.Bool // long enough ago that another order is impatience
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
