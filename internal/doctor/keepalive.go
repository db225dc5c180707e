package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// keepAlive is the trial of a client that was answered, keeps its connection and says no more.
func (e *examination) keepAlive(ctx context.Context) error {
	t, c, err := e.kept(ctx, closesIdle)
	if t == nil {
		return err
	}
	defer c.Close()
	if err := t.stop(ctx); err != nil {
		return e.giveUp(ctx, t, err, closesIdle)
	}
	closed := c.ends(e.idleBound())
	took := time.Since(t.stopped)
	c.Close()
	if err := e.finish(ctx, t); err != nil {
		return err
	}
	if closed {
		e.pass(closesIdle, fmt.Sprintf("after %s", round(took)))
	} else {
		e.fail(closesIdle, fmt.Sprintf("one was still open %s after the signal, and held the drain up", round(e.idleBound())))
	}
	return nil
}

// kept begins a trial with a connection that was answered and is kept. There is none if the check is decided
// without one.
func (e *examination) kept(ctx context.Context, about check) (*trial, *client, error) {
	if e.speech == nil {
		e.skip(about, e.why)
		return nil, nil, nil
	}
	if !e.speech.http {
		e.skip(about, "it does not speak HTTP")
		return nil, nil, nil
	}
	t, err := e.begin()
	if err != nil {
		return nil, nil, err
	}
	c, err := e.accepted(ctx, t)
	if err != nil {
		return nil, nil, e.giveUp(ctx, t, err, about)
	}
	closes, err := e.speech.ask(c, answerBound)
	if err == nil && !closes {
		return t, c, nil
	}
	c.Close()
	if err != nil {
		return nil, nil, e.giveUp(ctx, t, err, about)
	}
	if err := e.finish(ctx, t); err != nil {
		return nil, nil, err
	}
	e.skip(about, "it closes every connection after its answer")
	return nil, nil, nil
}

// ends reports whether the program closes the connection within the bound, whatever it says before.
func (c *client) ends(bound time.Duration) bool {
	c.within(bound)
	_, err := io.Copy(io.Discard, c.r)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
