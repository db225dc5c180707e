package client

import (
	"context"
	"errors"
	"net"
	"time"

	"rota/internal/sse"
	"rota/internal/view"
)

// Follow passes a reload's events to tell until enough accepts its view or it has ended, and returns that view. The
// stream of events may break or be refused, and events may be lost, so Follow also asks for the reload every two
// seconds, and only that answer counts. The error is the context's cause, a *Problem, or *Unreachable when the master
// has been silent for too long; the view is the last one then.
func (c *Client) Follow(ctx context.Context, id string, enough func(view.Reload) bool, tell func(Event)) (Answer[view.Reload], error) {
	streaming, stop := context.WithCancel(ctx)
	stream := c.streamReload(streaming, id)
	defer func() {
		stop()
		for range stream { // until its goroutine is gone
		}
	}()
	events := stream
	look := time.NewTicker(c.times.look)
	defer look.Stop()

	var last Answer[view.Reload]
	heard, told := time.Now(), false // told: an event has said that this is enough
	for {
		select {
		case e, open := <-events:
			if !open {
				events = nil // only asking is left
				break
			}
			tell(e)
			if e.Reload == nil || e.Reload.ID != id || !settled(*e.Reload, enough) {
				continue
			}
			told, last = true, Answer[view.Reload]{*e.Reload, e.ReloadJSON}
		case <-look.C:
		case <-ctx.Done():
			return last, context.Cause(ctx)
		}
		answer, err := c.ReloadByID(ctx, id)
		switch {
		case err == nil:
			heard, last = time.Now(), answer
			if settled(answer.View, enough) {
				return answer, nil
			}
		case told:
			return last, nil // the master said so and was gone
		case last.JSON == nil && errors.As(err, new(*Foreign)):
			return last, err
		case !retriable(err), time.Since(heard) > c.times.patience:
			return last, err
		}
	}
}

// settled reports whether there is nothing more to wait for.
func settled(r view.Reload, enough func(view.Reload) bool) bool { return r.Ended() || enough(r) }

// streamReload sends a reload's events and closes the channel when there are no more. It ignores errors: asking for the
// reload will find them.
func (c *Client) streamReload(ctx context.Context, id string) <-chan Event {
	events := make(chan Event)
	go func() {
		defer close(events)
		_ = c.follow(ctx, "/reloads/"+id+"/events", nil, func(m sse.Message) error {
			e, err := EventOf(m)
			if err != nil {
				return err
			}
			select {
			case events <- e:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}, nil)
	}()
	return events
}

// neverSent reports whether the connection failed, so that no master can have seen the request.
func neverSent(err *Unreachable) bool {
	failed, ok := errors.AsType[*net.OpError](err.Err)
	return ok && failed.Op == "dial"
}
