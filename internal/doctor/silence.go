package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// silence is the run with a client that is accepted and says nothing until after the stop signal. While the
// program waits for it, other clients come: does the program still accept?
func (e *examination) silence(ctx context.Context) error {
	if e.speech == nil {
		e.skipRest(stopsAccepting, answersSilent)
		return nil
	}
	r, err := e.begin()
	if err != nil {
		return err
	}
	c, err := e.accepted(ctx, r)
	if err == nil {
		defer c.Close()
		err = r.stop(ctx)
	}
	if err != nil {
		return e.giveUp(ctx, r, err, stopsAccepting, answersSilent)
	}
	n := e.sendNewcomers(ctx, r)
	<-n.settled
	deferred := r.socket.defers()
	_, silent := e.speech.ask(c, answerBound)
	c.Close()
	if err := e.finish(ctx, r); err != nil {
		return err
	}
	e.judgeNewcomers(n)
	switch {
	case deferred:
		e.skip(answersSilent, "it has set TCP_DEFER_ACCEPT, so no connection is accepted before its client says something")
	case silent != nil:
		e.fail(answersSilent, "the request that was sent after the signal: "+silent.Error())
	default:
		e.pass(answersSilent, "")
	}
	return nil
}

// accepted waits until the program is ready, and returns a connection that it has accepted.
func (e *examination) accepted(ctx context.Context, r *run) (*client, error) {
	if err := r.awaitReady(ctx); err != nil {
		return nil, fmt.Errorf("when it was started once more %w", err)
	}
	c, err := r.connect(ctx)
	if err != nil {
		return nil, explain(err)
	}
	if !within(ctx, r.spec.StartTimeout, func() bool { return !r.socket.waiting() || closed(r.ended) }) {
		c.Close()
		return nil, errors.New("when it was started once more it did not accept")
	}
	return c, nil
}

// giveUp ends a run that failed early, and fails its checks.
func (e *examination) giveUp(ctx context.Context, r *run, why error, checks ...check) error {
	if err := e.finish(ctx, r); err != nil {
		return err
	}
	for _, c := range checks {
		e.fail(c, why.Error())
	}
	return nil
}

// rest waits for d, so that the program can act on the stop signal.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
