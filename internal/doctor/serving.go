package doctor

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"rota/internal/plan"
	"rota/internal/record"
)

// serving is the first trial: does the program serve at all, and well? It is told to stop when nobody
// is connected.
func (e *examination) serving(ctx context.Context) error {
	t, refused, err := e.start(ctx)
	if err != nil {
		return err
	}
	place := e.ownPlace()
	switch {
	case refused == nil:
		e.whileItLives(ctx, t)
	case place != "" && ctx.Err() == nil:
		if err := e.finish(ctx, t); err != nil {
			return err
		}
		return e.servingAt(ctx, place, refused)
	default:
		e.refuse(refused)
	}
	return e.conclude(ctx, t)
}

func (e *examination) conclude(ctx context.Context, t *trial) error {
	e.skipRest(answersUnderLoad, leaksNoDescriptor)
	if closed(t.ready) && !closed(t.told) {
		_ = t.stop(ctx) // if it has died it has failed already
	}
	return e.finish(ctx, t)
}

// refusal is why nothing more can be seen of a program: it was not ready, or has not accepted.
type refusal struct {
	ready        bool
	what, advice string
}

func (e *examination) refuse(r *refusal) {
	if r.ready {
		e.why = "it does not take the socket"
		e.fail(takesSocket, r.what)
		e.skip(saysReady, e.why)
		return
	}
	e.why = "it was never ready"
	e.skip(takesSocket, e.why)
	e.tell(saysReady, Fail, r.what+"; "+r.advice+e.recipe())
}

// start begins a trial and lets a first client come.
func (e *examination) start(ctx context.Context) (*trial, *refusal, error) {
	t, err := e.begin()
	if err != nil {
		return nil, nil, err
	}
	if err := t.awaitReady(ctx); err != nil {
		return t, &refusal{ready: e.Spec.Ready.Kind == plan.ReadyAuto && t.missing != "", what: err.Error(), advice: t.adviceNotReady()}, nil
	}
	if err := t.welcome(ctx); err != nil {
		return t, &refusal{ready: true, what: err.Error()}, nil
	}
	return t, nil, nil
}

// whileItLives asks what can be asked before the stop signal.
func (e *examination) whileItLives(ctx context.Context, t *trial) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.clients.Go(func() {
		select {
		case <-t.ended:
			cancel() // nobody waits for an answer then
		case <-ctx.Done():
		}
	})
	e.pass(takesSocket, e.note)
	if t.waited > readyBound {
		e.fail(saysReady, fmt.Sprintf("a connection waited %s after it was ready%s", round(t.waited), inBrackets(t.how)))
	} else {
		e.pass(saysReady, e.howReady(t))
	}
	e.underLoad(ctx, t)
}

// welcome sees whether the first client is accepted when the program is said to be ready, and how long that
// takes. If it is not at all, there is nothing more to see.
func (t *trial) welcome(ctx context.Context) error {
	began := time.Now()
	c, err := t.connect(ctx)
	if err != nil {
		return cmp.Or(t.died(), err)
	}
	defer c.Close()
	accepted := within(ctx, t.spec.StartTimeout, func() bool { return !t.socket.waiting() })
	t.waited = time.Since(began)
	switch {
	case t.died() != nil:
		return t.died()
	case !accepted:
		return fmt.Errorf("a connection was not accepted within %s after it was ready%s", round(t.waited), t.elsewhere())
	}
	return nil
}

// howReady says by what the program was known to be ready, if that was not its word.
func (e *examination) howReady(t *trial) string {
	if t.by != record.ByLife && t.by != record.ByAssumption {
		return t.how
	}
	return t.how + ", which is a guess; better " + saysReady.advice
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// elsewhere tells where the program listens instead, if it does.
func (t *trial) elsewhere() string {
	if port := family().OwnPort([]uint64{t.socket.at.Inode}); port != "" {
		return ", while it listens on port " + port + " by itself"
	}
	return ""
}
