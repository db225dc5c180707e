package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// busy is the trial of a client that is never idle: it sends its next request before the program can have
// closed the connection for being so. It is let go by being told to, with Connection: close.
func (e *examination) busy(ctx context.Context) error {
	t, c, err := e.kept(ctx, letsBusyGo)
	if t == nil {
		return err
	}
	defer c.Close()
	enough, parted := make(chan struct{}), make(chan parting, 1)
	go func() { parted <- e.speech.goOn(c, enough) }()
	if err = t.stop(ctx); err == nil {
		limit := time.NewTimer(e.idleBound())
		defer limit.Stop()
		select {
		case p := <-parted:
			parted <- p
		case <-limit.C:
		case <-ctx.Done():
		}
	}
	took := time.Since(t.stopped)
	close(enough)
	p := <-parted
	if err != nil {
		return e.giveUp(ctx, t, err, letsBusyGo)
	}
	c.Close()
	if err := e.finish(ctx, t); err != nil {
		return err
	}
	e.judgeParting(p, round(took))
	return nil
}

func (e *examination) judgeParting(p parting, took time.Duration) {
	switch {
	case p.err != nil:
		e.fail(letsBusyGo, "a client that asks one request after the other: "+p.err.Error())
	case p.held:
		e.fail(letsBusyGo, fmt.Sprintf("one was still answered %s after the signal, and never told that its connection would be closed", took))
	case p.between:
		e.pass(letsBusyGo, fmt.Sprintf("after %s, between two requests; with Connection: close in the last answer its client need not ask twice", took))
	default:
		e.pass(letsBusyGo, "after "+took.String())
	}
}

// parting is how a connection came to its end on which requests followed each other.
type parting struct {
	held    bool // it did not, until it was enough
	between bool // it was closed without a byte of an answer, as HTTP allows between two requests
	err     error
}

// goOn asks again and again, until an answer says that it was the last, or it is enough.
func (s speech) goOn(c *client, enough <-chan struct{}) parting {
	for !closed(enough) {
		c.within(answerBound)
		err := s.send(c, s.request)
		if err == nil {
			_, err = c.r.Peek(1)
		}
		switch err = explain(err); {
		case errors.Is(err, errClosed):
			return parting{between: true}
		case err != nil:
			return parting{err: err}
		}
		closes, err := s.answer(c)
		if closes || err != nil {
			return parting{err: err}
		}
	}
	return parting{held: true}
}
