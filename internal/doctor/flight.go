package doctor

import (
	"context"
	"fmt"
	"time"
)

// flight is the trial of a client whose request is under way when the stop signal comes: half of it
// is sent, or all of it and the answer takes a while.
func (e *examination) flight(ctx context.Context) error {
	if e.speech == nil {
		e.skip(finishesRequests, e.why)
		return nil
	}
	t, err := e.begin()
	if err != nil {
		return err
	}
	c, err := e.accepted(ctx, t)
	if err != nil {
		return e.giveUp(ctx, t, err, finishesRequests)
	}
	defer c.Close()
	s, rest := e.inFlight()
	early, err := s.depart(ctx, t, c, len(s.request)-len(rest))
	if err == nil && !early {
		err = t.stop(ctx)
	}
	if err != nil {
		return e.giveUp(ctx, t, fmt.Errorf("before the signal: %w", err), finishesRequests)
	}
	if early {
		if err := e.finish(ctx, t); err != nil {
			return err
		}
		e.skip(finishesRequests, e.noFlight())
		return nil
	}
	t.socket.left(ctx)
	err = s.arrive(ctx, c, rest, e.arrivalBound())
	c.Close()
	if ended := e.finish(ctx, t); ended != nil {
		return ended
	}
	if err != nil {
		e.fail(finishesRequests, fmt.Sprintf("a request %s at the signal: %s", howFar(rest), err))
	} else {
		e.pass(finishesRequests, "")
	}
	return nil
}

// inFlight is the request, and what of it is sent after the signal.
func (e *examination) inFlight() (s speech, rest []byte) {
	if e.SlowPath != "" && e.speech.http {
		return e.asking(e.SlowPath), nil
	}
	s = *e.speech
	return s, s.request[len(s.request)/2:]
}

// arrivalBound is longer for an answer that is known to take a while.
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

// depart sends the first n bytes and has the program read them. early tells that it has answered.
func (s speech) depart(ctx context.Context, t *trial, c *client, n int) (early bool, err error) {
	c.within(answerBound)
	if err := s.send(c, s.request[:n]); err != nil {
		return false, err
	}
	within(ctx, settled, func() bool { return !t.socket.unread() })
	early, err = c.hears(settled)
	return early, explain(err)
}

// arrive sends the rest, when the program has had time to act on the signal, and reads the answer.
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
