package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// keepAlive is the run with a client that gets an answer, keeps its connection and says no more.
func (e *examination) keepAlive(ctx context.Context) error {
	r, c, err := e.kept(ctx, closesIdle)
	if r == nil {
		return err
	}
	defer c.Close()
	if err := r.stop(ctx); err != nil {
		return e.giveUp(ctx, r, err, closesIdle)
	}
	closed := c.ends(e.idleBound())
	took := time.Since(r.stopped)
	c.Close()
	if err := e.finish(ctx, r); err != nil {
		return err
	}
	if closed {
		e.pass(closesIdle, fmt.Sprintf("after %s", round(took)))
	} else {
		e.fail(closesIdle, fmt.Sprintf("one was still open %s after the signal, and held the drain up", round(e.idleBound())))
	}
	return nil
}

// kept begins a run with a connection that got an answer and is kept. The run is nil if the check is decided
// already.
func (e *examination) kept(ctx context.Context, about check) (*run, *client, error) {
	if e.speech == nil {
		e.skip(about, e.why)
		return nil, nil, nil
	}
	if !e.speech.http {
		e.skip(about, "it does not speak HTTP")
		return nil, nil, nil
	}
	r, err := e.begin()
	if err != nil {
		return nil, nil, err
	}
	c, err := e.accepted(ctx, r)
	if err != nil {
		return nil, nil, e.giveUp(ctx, r, err, about)
	}
	closes, err := e.speech.ask(c, answerBound)
	if err == nil && !closes {
		return r, c, nil
	}
	c.Close()
	if err != nil {
		return nil, nil, e.giveUp(ctx, r, err, about)
	}
	if err := e.finish(ctx, r); err != nil {
		return nil, nil, err
	}
	e.skip(about, "it closes every connection after its answer")
	return nil, nil, nil
}

// ends reports whether the program closes the connection within the bound. It ignores what the program says
// before.
func (c *client) ends(bound time.Duration) bool {
	c.within(bound)
	_, err := io.Copy(io.Discard, c.r)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
