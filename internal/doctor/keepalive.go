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
	if e.speech == nil {
		e.skip(closesIdle, e.why)
		return nil
	}
	if !e.speech.http {
		e.skip(closesIdle, "it does not speak HTTP")
		return nil
	}
	t, err := e.begin()
	if err != nil {
		return err
	}
	c, err := e.accepted(ctx, t)
	if err != nil {
		return e.giveUp(ctx, t, err, closesIdle)
	}
	defer c.Close()
	closes, err := e.speech.ask(c, answerBound)
	if err == nil {
		err = t.stop(ctx)
	}
	if err != nil {
		return e.giveUp(ctx, t, err, closesIdle)
	}
	found := ""
	if !closes {
		if !c.ends(e.idleBound()) {
			found = fmt.Sprintf("one was still open %s after the signal, and held the drain up", round(e.idleBound()))
		}
	}
	took := time.Since(t.stopped)
	c.Close()
	if err := e.finish(ctx, t); err != nil {
		return err
	}
	switch {
	case closes:
		e.skip(closesIdle, "it closes every connection after its answer")
	case found != "":
		e.fail(closesIdle, found)
	default:
		e.pass(closesIdle, fmt.Sprintf("after %s", round(took)))
	}
	return nil
}

// ends reports whether the program closes the connection within the bound, whatever it says before.
func (c *client) ends(bound time.Duration) bool {
	c.within(bound)
	_, err := io.Copy(io.Discard, c.r)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
