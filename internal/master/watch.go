package master

import (
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/observer"
)

// What the master looks after although nobody tells it: the files that workers are started
// from, and the sockets that they share.

// watchEvery is the pause between two looks. It is a handful of system calls.
const watchEvery = 500 * time.Millisecond

// caretaker is the goroutine that looks after them.
type caretaker struct {
	*mailbox
	log      zerolog.Logger
	planner  *planner
	observer *observer.Observer
	soon     <-chan struct{} // there is something new to look at
}

// watch says what it finds, once, before a crash or a client does. It returns when the loop has ended.
func (c *caretaker) watch(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	files := listen.WatchFiles(c.log)
	defer files.Close()
	var known []string
	quick := quickLooks
	for {
		files.Add(c.socketPaths())
		missing := c.look()
		for _, what := range missing {
			if !slices.Contains(known, what) {
				c.log.Warn().Str("missing", what).Msg("workers need what is no longer there; a reload takes what is there now")
			}
		}
		known = missing
		if quick--; !c.closeUnheld() {
			quick = quickLooks
		}
		if !c.rest(tick, quick > 0 && quick < quickLooks, files) {
			return
		}
	}
}

// How often a socket that drains is looked at in quick succession: most workers let go of it at once.
const (
	quickLooks = 20
	quickPause = 25 * time.Millisecond
)

// lookSoon has the caretaker look at what is new.
func (l *loop) lookSoon() {
	select {
	case l.watchSoon <- struct{}{}:
	default: // it will
	}
}

// rest returns true when it is time to look again, and false when the loop has ended.
func (c *caretaker) rest(tick *time.Ticker, quick bool, files *listen.FileWatch) bool {
	var again <-chan time.Time
	if quick {
		again = time.After(quickPause)
	}
	for {
		select {
		case <-again:
			return true
		case <-tick.C:
			return true
		case <-c.soon:
			return true
		case events := <-files.Events:
			if files.Concern(events) {
				return true
			}
		case <-c.done:
			return false
		}
	}
}

// look mends what can be mended, and finds out what the serving generation's workers would lack if they
// were started now. The disk may be slow, so the loop is not made to wait for it.
func (c *caretaker) look() (missing []string) {
	p, generation := c.mend()
	if p == nil {
		return nil
	}
	missing = p.Missing()
	if lost := c.planner.home.Load().Lost(); lost != "" {
		missing = append(missing, lost)
	}
	p.Drop()
	c.missing(generation, missing)
	return missing
}

// shut says of each of the serving generation's listeners that nobody can reach it, and why.
func (l *loop) shut() []string {
	var list []string
	if p := l.plans[l.pool.ServingGeneration()]; p != nil {
		for _, listener := range p.Listeners {
			if why := listener.Shut(); why != "" {
				list = append(list, fmt.Sprintf("nobody can connect to the listener %s: %s", listener.Name, why))
			}
		}
	}
	return list
}

// mendListeners listens again on what a worker has shut down: that ends a socket for every
// process that shares it. A TCP listener can be mended on the spot, another only be
// opened anew, which the next reload does.
func (l *loop) mendListeners() {
	for _, p := range l.plans {
		for _, listener := range p.Listeners {
			for _, s := range listener.Sockets {
				if ok, err := kernel.Listening(s.FD); ok || err != nil || listener.Dead {
					continue
				}
				listener.Dead = !s.ListenAgain()
				what := "rota listens again"
				if listener.Dead {
					what = "a reload opens it anew"
				}
				l.options.Log.Error().Str("listener", listener.Name).Str("address", s.Kernel.Address()).Bool("mended", !listener.Dead).
					Msg("a worker has shut the listening socket down for all of them, " + what + "; a program that shares it must only close it")
			}
		}
	}
}
