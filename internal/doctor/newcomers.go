package doctor

import (
	"context"
	"fmt"
	"time"
)

// arrival is how long the signal may take from the master to the program. Who comes in that time may
// be in any of the situations that other trials are for.
const arrival = 25 * time.Millisecond

// newcomers are clients that connect after the stop signal, one after the other, and ask at once.
// A program that has stopped accepting leaves the first or, if that was faster, a later one
// in the queue for another worker. None may be accepted and sent away.
type newcomers struct {
	settled chan struct{} // closed when one of them has waited for a moment, or all is known

	refused bool          // nobody listens
	dropped string        // how one was sent away
	late    time.Duration // after the signal, when the last that was answered had come
	bound   time.Duration // for that
}

// sendNewcomers returns at once; what became of them is known when the trial is finished.
func (e *examination) sendNewcomers(ctx context.Context, t *trial) *newcomers {
	n := &newcomers{settled: make(chan struct{}), bound: e.stopBound()}
	t.clients.Go(func() {
		defer n.settle()
		rest(ctx, arrival)
		for n.send(ctx, t, e.speech) {
			if n.late > n.bound || closed(t.ended) {
				return
			}
		}
	})
	return n
}

func (n *newcomers) settle() {
	if !closed(n.settled) {
		close(n.settled)
	}
}

// send is true when the client was answered, and another may come.
func (n *newcomers) send(ctx context.Context, t *trial, s *speech) bool {
	came := time.Since(t.stopped)
	c, err := t.connect(ctx)
	if err != nil {
		n.refused = true
		return false
	}
	answered := make(chan error, 1)
	go func() { answered <- s.comeLate(c) }()
	waits, err := n.await(t, answered)
	c.Close()
	if waits {
		<-answered   //nolint:errcheck // it was sent away by the doctor
		return false // it is in the queue
	}
	if err != nil && ctx.Err() == nil {
		n.dropped = fmt.Sprintf("a connection that came %s after the signal was accepted and not answered: %s", round(came), explain(err))
		return false
	}
	n.late = came
	return err == nil
}

// await returns what the client has come to, or that it still waits when the program has ended.
func (n *newcomers) await(t *trial, answered <-chan error) (waits bool, err error) {
	moment := time.NewTimer(settled)
	defer moment.Stop()
	for ended := t.ended; ; {
		select {
		case err = <-answered:
			return false, err
		case <-moment.C:
			n.settle()
			if ended == nil {
				return true, nil
			}
		case <-ended:
			ended = nil
			moment.Reset(50 * time.Millisecond) // what the program did to it last may still be on its way
		}
	}
}

// comeLate asks without a bound for the first byte: a client in the queue waits for another worker.
func (s speech) comeLate(c *client) (err error) {
	if !s.greets {
		err = s.send(c, s.request)
	}
	if err == nil {
		_, err = c.r.Peek(1)
	}
	if err == nil {
		err = s.converse(c)
	}
	return err
}

// converse is what follows the first word of the program.
func (s speech) converse(c *client) error {
	if s.greets {
		_, err := s.ask(c, answerBound)
		return err
	}
	c.within(answerBound)
	_, err := s.answer(c)
	return err
}

// judgeNewcomers is for when the trial is finished.
func (e *examination) judgeNewcomers(n *newcomers) {
	switch last := e.lives[len(e.lives)-1]; {
	case n.refused, !last.listens:
		e.skip(stopsAccepting, "nobody could connect any more")
	case n.late > n.bound:
		e.fail(stopsAccepting, fmt.Sprintf("it still accepted %s after the signal", round(n.late)))
	default:
		e.judge(stopsAccepting, n.dropped)
	}
}
