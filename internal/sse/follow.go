package sse

import "time"

// Options say what ends a stream besides its events, and what it sends between them.
type Options struct {
	Heartbeat time.Duration   // between two comments
	Left      <-chan struct{} // closed when the reader has left
	Closing   <-chan struct{} // closed when the server shuts down
	Periodic  Periodic        // nil: nothing
}

// Periodic sends something of its own from time to time.
type Periodic interface {
	Due() <-chan time.Time
	Send() error
	Changed() // an event has been sent
}

// Follow passes on what comes until pass reports false. Whoever publishes closes the channel when there
// are no more events and when this reader is too slow. The reader comes back in both cases and asks
// for what it missed.
func Follow[T any](w *Writer, c <-chan T, pass func(T) bool, o Options) {
	heartbeat := time.NewTicker(o.Heartbeat)
	defer heartbeat.Stop()
	p := o.Periodic
	if p == nil {
		p = never{}
	}
	for open := true; open; {
		select {
		case e, more := <-c:
			open = more && pass(e)
			p.Changed()
		case <-p.Due():
			open = p.Send() == nil
		case <-heartbeat.C:
			open = w.Comment() == nil
		case <-o.Closing:
			passRest(c, pass)
			return
		case <-o.Left:
			return
		}
	}
}

// passRest passes on what happened before the server shut down, so that a watcher sees how it ended.
func passRest[T any](c <-chan T, pass func(T) bool) {
	for {
		select {
		case e, more := <-c:
			if !more || !pass(e) {
				return
			}
		default:
			return
		}
	}
}

type never struct{}

func (never) Due() <-chan time.Time { return nil }
func (never) Send() error           { return nil }
func (never) Changed()              {}
