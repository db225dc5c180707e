package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// busy is the run with a client that is never idle: it sends the next request at once. The program cannot
// close its connection as idle. It has to answer with Connection: close.
func (e *examination) busy(ctx context.Context) error {
	r, c, err := e.kept(ctx, letsBusyGo)
	if r == nil {
		return err
	}
	defer c.Close()
	enough, parted := make(chan struct{}), make(chan parting, 1)
	go func() { parted <- e.speech.goOn(c, enough) }()
	if err = r.stop(ctx); err == nil {
		limit := time.NewTimer(e.idleBound())
		defer limit.Stop()
		select {
		case p := <-parted:
			parted <- p
		case <-limit.C:
		case <-ctx.Done():
		}
	}
	took := time.Since(r.stopped)
	close(enough)
	p := <-parted
	if err != nil {
		return e.giveUp(ctx, r, err, letsBusyGo)
	}
	c.Close()
	if err := e.finish(ctx, r); err != nil {
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

// parting is how the connection of a busy client ended.
type parting struct {
	held    bool // it did not end in time
	between bool // it was closed before the first byte of an answer, as HTTP allows between two requests
	err     error
}

// goOn sends requests until an answer says that it is the last, or until enough is closed.
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
