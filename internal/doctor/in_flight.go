package doctor

import (
	"context"
	"fmt"
	"time"
)

// flight is the run with a client whose request is in flight at the stop signal: half of it is sent, or all
// of it and the answer takes a while.
func (e *examination) flight(ctx context.Context) error {
	if e.speech == nil {
		e.skip(finishesRequests, e.why)
		return nil
	}
	r, err := e.begin()
	if err != nil {
		return err
	}
	c, err := e.accepted(ctx, r)
	if err != nil {
		return e.giveUp(ctx, r, err, finishesRequests)
	}
	defer c.Close()
	s, rest := e.inFlight()
	early, err := s.depart(ctx, r, c, len(s.request)-len(rest))
	if err == nil && !early {
		err = r.stop(ctx)
	}
	if err != nil {
		return e.giveUp(ctx, r, fmt.Errorf("before the signal: %w", err), finishesRequests)
	}
	if early {
		if err := e.finish(ctx, r); err != nil {
			return err
		}
		e.skip(finishesRequests, e.noFlight())
		return nil
	}
	r.socket.left(ctx)
	err = s.arrive(ctx, c, rest, e.arrivalBound())
	c.Close()
	if ended := e.finish(ctx, r); ended != nil {
		return ended
	}
	if err != nil {
		e.fail(finishesRequests, fmt.Sprintf("a request %s at the signal: %s", howFar(rest), err))
	} else {
		e.pass(finishesRequests, "")
	}
	return nil
}

// inFlight returns the request, and the part of it that is sent after the signal.
func (e *examination) inFlight() (s speech, rest []byte) {
	if e.SlowPath != "" && e.speech.http {
		return e.asking(e.SlowPath), nil
	}
	s = *e.speech
	return s, s.request[len(s.request)/2:]
}

// arrivalBound is how long the answer may take. It is longer for the slow path.
func (e *examination) arrivalBound() time.Duration {
	if e.SlowPath != "" {
		return e.Spec.DrainTimeout
	}
	return answerBound
}

func howFar(rest []byte) string {
	if len(rest) > 0 {
		return "that was half sent"
	}
	return "that was being answered"
}

func (e *examination) noFlight() string {
	if e.SlowPath != "" && e.speech.http {
		return fmt.Sprintf("GET %s was answered within %s; give --slow-path something slower", e.SlowPath, settled)
	}
	return "it answers every chunk at once, so no request can be half sent"
}

// depart sends the first n bytes and waits until the program has read them. early means that it has answered.
func (s speech) depart(ctx context.Context, r *run, c *client, n int) (early bool, err error) {
	c.within(answerBound)
	if err := s.send(c, s.request[:n]); err != nil {
		return false, err
	}
	within(ctx, settled, func() bool { return !r.socket.unread() })
	early, err = c.hears(settled)
	return early, explain(err)
}

// arrive gives the program time to act on the signal, sends the rest and reads the answer.
func (s speech) arrive(ctx context.Context, c *client, remaining []byte, bound time.Duration) error {
	rest(ctx, settled)
	c.within(bound)
	if len(remaining) > 0 {
		if _, err := c.Write(remaining); err != nil {
			return explain(err)
		}
	}
	_, err := s.answer(c)
	return err
}
