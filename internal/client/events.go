package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"rota/internal/printable"
	"rota/internal/sse"
	"rota/internal/view"
)

// ErrOver is what a reader of events returns to end the stream.
var ErrOver = errors.New("no more events are wanted")

// Event is something that happened.
type Event struct {
	view.Event
	ReloadJSON json.RawMessage // as Reload came
}

// Events passes on all events after the number from, or from now on if from is nil, until ctx or pass ends it. A stream
// that breaks is opened again where it broke off; broke is called then, unless it is nil. The error is that of pass,
// or *Unreachable; it is never nil.
func (c *Client) Events(ctx context.Context, from *uint64, pass func(sse.Message) error, broke func(error)) error {
	query := url.Values{}
	if from != nil {
		query.Set("after", strconv.FormatUint(*from, 10))
	}
	err := c.follow(ctx, "/events", query, func(m sse.Message) error {
		if _, err := strconv.ParseUint(m.ID, 10, 64); err != nil && m.Name != "events.lost" {
			return c.foreign(request{method: http.MethodGet, path: "/events"}, fmt.Errorf("event %q has no number", m.Name))
		}
		return pass(m)
	}, broke)
	if err == nil {
		err = &Unreachable{Address: c.address, Err: errEnded}
	}
	return err
}

// Log returns the last lines that a worker printed, at most tail; tail < 0: all that are kept.
func (c *Client) Log(ctx context.Context, worker string, tail int) (Answer[view.WorkerLog], error) {
	return get[view.WorkerLog](ctx, c, "/workers/"+worker+"/logs", tailOf(tail))
}

// FollowLog passes on the last lines, at most tail, and each new one, up to log.end. For broke see Events.
func (c *Client) FollowLog(ctx context.Context, worker string, tail int, pass func(sse.Message) error, broke func(error)) error {
	query := tailOf(tail)
	query.Set("follow", "true")
	err := c.follow(ctx, "/workers/"+worker+"/logs", query, func(m sse.Message) error {
		if err := pass(m); err != nil || m.Name != "log.end" {
			return err
		}
		return ErrOver
	}, broke)
	if errors.Is(err, ErrOver) {
		return nil
	}
	return err
}

func tailOf(n int) url.Values {
	query := url.Values{}
	if n >= 0 {
		query.Set("tail", strconv.Itoa(n))
	}
	return query
}

// follow passes on the events of a stream. It returns the error of pass, or nil when the master says that there are no
// more events. A stream that breaks is opened again after the last event that was passed on. A master that has never
// answered, or not for longer than patience, is unreachable.
func (c *Client) follow(ctx context.Context, path string, query url.Values, pass func(sse.Message) error, broke func(error)) error {
	after := ""
	var heard time.Time // when the master was heard last; zero: never
	for quiet := broke == nil; ; {
		err := c.followOnce(ctx, path, query, &after, func(m sse.Message) error { quiet = broke == nil; return pass(m) }, &heard)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case StatusOf(err) == http.StatusServiceUnavailable && heard.IsZero():
			heard = time.Now() // too many streams are open: one may end soon
		}
		if told, ok := errors.AsType[*readerError](err); ok {
			return told.error
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if !retriable(err) || heard.IsZero() || time.Since(heard) > c.times.patience {
			return err
		}
		if !quiet {
			broke(err)
			quiet = true
		}
		if err := c.rest(ctx, err); err != nil {
			return err
		}
	}
}

// followOnce passes on the events of one stream. io.EOF says that there are no more.
func (c *Client) followOnce(ctx context.Context, path string, query url.Values, after *string, pass func(sse.Message) error, heard *time.Time) error {
	s, err := c.open(ctx, path, query, *after)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) && heard.IsZero():
		return c.foreign(request{method: http.MethodGet, path: path}, errors.New("there is no stream of events"))
	default:
		return err
	}
	defer s.close()
	err = s.drain(after, pass)
	if s.heard {
		*heard = time.Now()
	}
	return err
}

// readerError is an error of the function that takes the events, not of the stream.
type readerError struct{ error }

// drain passes on events. It returns what ended the stream: a *readerError or the stream's own error.
func (s *stream) drain(after *string, pass func(sse.Message) error) error {
	for {
		m, err := s.next()
		if err != nil {
			return err
		}
		if m.Name == "" || !json.Valid(m.Data) {
			return &readerError{s.foreign(fmt.Errorf("%.60q is no event", m.Data))}
		}
		if m.ID != "" {
			*after = m.ID
		}
		if err := pass(m); err != nil {
			return &readerError{err}
		}
	}
}

// retriable reports whether the same request may succeed a little later: also when a stream has ended, and while the
// master stops or is too busy.
func retriable(err error) bool {
	status := StatusOf(err)
	return status == 0 || status == http.StatusServiceUnavailable
}

// rest waits before the next attempt.
func (c *Client) rest(ctx context.Context, because error) error {
	pause := c.times.pause
	if p, ok := errors.AsType[*Problem](because); ok && p.RetryAfter > 0 {
		pause = min(p.RetryAfter, c.times.patience)
	}
	return pauseFor(ctx, pause)
}

func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// EventOf decodes an event.
func EventOf(m sse.Message) (Event, error) {
	var e Event
	if err := read(m.Data, &e.Event); err != nil {
		return e, fmt.Errorf("cannot read event %s: %w", m.Name, err)
	}
	var raw struct{ Reload json.RawMessage }
	if err := json.Unmarshal(m.Data, &raw); err != nil {
		return e, err
	}
	e.ReloadJSON = raw.Reload
	e.Type = printable.Text(m.Name) // events.lost has its type nowhere else
	return e, nil
}
