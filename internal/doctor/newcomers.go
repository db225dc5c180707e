package doctor

import (
	"context"
	"fmt"
	"time"
)

// arrival is how long the signal may take from the master to the program. No client comes in that time: it
// would be in one of the situations that the other runs examine.
const arrival = 25 * time.Millisecond

// newcomers are clients that connect one after the other after the stop signal, and ask at once. A program
// that has stopped accepting leaves the first of them in the queue for another worker, or a later one if the
// first came too early. It must not accept one and close it without an answer.
type newcomers struct {
	settled chan struct{} // closed when one of them has waited for a moment, or all are done

	refused bool          // nobody listens
	dropped string        // how one was closed without an answer
	late    time.Duration // from the signal to the arrival of the last one that got an answer
	bound   time.Duration // of late
}

// sendNewcomers returns at once. The result is complete when the run is finished.
func (e *examination) sendNewcomers(ctx context.Context, r *run) *newcomers {
	n := &newcomers{settled: make(chan struct{}), bound: e.stopBound()}
	r.clients.Go(func() {
		defer n.settle()
		rest(ctx, arrival)
		for n.send(ctx, r, e.speech) {
			if n.late > n.bound || closed(r.ended) {
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

// send sends one client. It returns true if the client got an answer, so that another may come.
func (n *newcomers) send(ctx context.Context, r *run, s *speech) bool {
	came := time.Since(r.stopped)
	c, err := r.connect(ctx)
	if err != nil {
		n.refused = true
		return false
	}
	answered := make(chan error, 1)
	go func() { answered <- s.comeLate(c) }()
	waits, err := n.await(r, answered)
	c.Close()
	if waits {
		<-answered   //nolint:errcheck // the doctor has closed it
		return false // it is in the queue
	}
	if err != nil && ctx.Err() == nil {
		n.dropped = fmt.Sprintf("a connection that came %s after the signal was accepted and not answered: %s", round(came), explain(err))
		return false
	}
	n.late = came
	return err == nil
}

// await waits for the client to get an answer or an error. waits means that the client still waits after the
// program has ended.
func (n *newcomers) await(r *run, answered <-chan error) (waits bool, err error) {
	moment := time.NewTimer(settled)
	defer moment.Stop()
	for ended := r.ended; ; {
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
			moment.Reset(50 * time.Millisecond) // the last packets of the program may still be on their way
		}
	}
}

// comeLate sends the request. It has no deadline for the first byte: a client in the queue waits for another
// worker.
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

// converse goes on after the first byte from the program.
func (s speech) converse(c *client) error {
	if s.greets {
		_, err := s.ask(c, answerBound)
		return err
	}
	c.within(answerBound)
	_, err := s.answer(c)
	return err
}

// judgeNewcomers decides the check. Call it when the run is finished.
func (e *examination) judgeNewcomers(n *newcomers) {
	switch last := e.endings[len(e.endings)-1]; {
	case n.refused, !last.listens:
		e.skip(stopsAccepting, "nobody could connect any more")
	case n.late > n.bound:
		e.fail(stopsAccepting, fmt.Sprintf("it still accepted %s after the signal", round(n.late)))
	default:
		e.judge(stopsAccepting, n.dropped)
	}
}
