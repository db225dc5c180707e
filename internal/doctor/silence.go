package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// silence is the trial of a client that has connected, was accepted, and says something only after the
// stop signal. As it holds the program up for a moment, it is also seen whether that
// accepts others meanwhile.
func (e *examination) silence(ctx context.Context) error {
	if e.speech == nil {
		e.skipRest(stopsAccepting, answersSilent)
		return nil
	}
	t, err := e.begin()
	if err != nil {
		return err
	}
	c, err := e.accepted(ctx, t)
	if err == nil {
		defer c.Close()
		err = t.stop(ctx)
	}
	if err != nil {
		return e.giveUp(ctx, t, err, stopsAccepting, answersSilent)
	}
	n := e.sendNewcomers(ctx, t)
	<-n.settled
	deferred := t.socket.defers()
	_, silent := e.speech.ask(c, answerBound)
	c.Close()
	if err := e.finish(ctx, t); err != nil {
		return err
	}
	e.judgeNewcomers(n)
	switch {
	case deferred:
		e.skip(answersSilent, "it has set TCP_DEFER_ACCEPT, so none is accepted before something is said on it")
	case silent != nil:
		e.fail(answersSilent, "the request that was sent after the signal: "+silent.Error())
	default:
		e.pass(answersSilent, "")
	}
	return nil
}

// accepted is a connection that the program has accepted once it was ready.
func (e *examination) accepted(ctx context.Context, t *trial) (*client, error) {
	if err := t.awaitReady(ctx); err != nil {
		return nil, fmt.Errorf("when it was started once more %w", err)
	}
	c, err := t.connect(ctx)
	if err != nil {
		return nil, explain(err)
	}
	if !within(ctx, t.spec.StartTimeout, func() bool { return !t.socket.waiting() || closed(t.ended) }) {
		c.Close()
		return nil, errors.New("when it was started once more it did not accept")
	}
	return c, nil
}

// giveUp ends a trial that did not come to the point.
func (e *examination) giveUp(ctx context.Context, t *trial, why error, checks ...check) error {
	if err := e.finish(ctx, t); err != nil {
		return err
	}
	for _, c := range checks {
		e.fail(c, why.Error())
	}
	return nil
}

// rest lets what follows from the stop signal happen.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
