package doctor

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"rota/internal/plan"
	"rota/internal/record"
)

// serving is the first run: does the program serve, also under load? It is told to stop when nobody is
// connected.
func (e *examination) serving(ctx context.Context) error {
	r, refused, err := e.start(ctx)
	if err != nil {
		return err
	}
	place := e.ownPlace()
	switch {
	case refused == nil:
		e.whileItLives(ctx, r)
	case place != "" && ctx.Err() == nil:
		if err := e.finish(ctx, r); err != nil {
			return err
		}
		return e.servingAt(ctx, place, refused)
	default:
		e.refuse(refused)
	}
	return e.conclude(ctx, r)
}

func (e *examination) conclude(ctx context.Context, r *run) error {
	e.skipRest(answersUnderLoad, leaksNoDescriptor)
	if closed(r.ready) && !closed(r.told) {
		_ = r.stop(ctx) // if it has died, a check has failed already
	}
	return e.finish(ctx, r)
}

// refusal is why the examination cannot go on: the program was not ready, or did not accept.
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

// start begins a run and connects a first client.
func (e *examination) start(ctx context.Context) (*run, *refusal, error) {
	r, err := e.begin()
	if err != nil {
		return nil, nil, err
	}
	if err := r.awaitReady(ctx); err != nil {
		return r, &refusal{ready: e.Spec.Ready.Kind == plan.ReadyAuto && r.missing != "", what: err.Error(), advice: r.adviceNotReady()}, nil
	}
	if err := r.welcome(ctx); err != nil {
		return r, &refusal{ready: true, what: err.Error()}, nil
	}
	return r, nil, nil
}

// whileItLives makes the checks that come before the stop signal.
func (e *examination) whileItLives(ctx context.Context, r *run) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.clients.Go(func() {
		select {
		case <-r.ended:
			cancel() // no client waits for an answer then
		case <-ctx.Done():
		}
	})
	e.pass(takesSocket, e.note)
	if r.waited > readyBound {
		e.fail(saysReady, fmt.Sprintf("a connection waited %s after it was ready%s", round(r.waited), inBrackets(r.how)))
	} else {
		e.pass(saysReady, e.howReady(r))
	}
	e.underLoad(ctx, r)
}

// welcome connects a client to a program that is reported ready, and measures how long it waits to be
// accepted.
func (r *run) welcome(ctx context.Context) error {
	began := time.Now()
	c, err := r.connect(ctx)
	if err != nil {
		return cmp.Or(r.died(), err)
	}
	defer c.Close()
	accepted := within(ctx, r.spec.StartTimeout, func() bool { return !r.socket.waiting() })
	r.waited = time.Since(began)
	switch {
	case r.died() != nil:
		return r.died()
	case !accepted:
		return fmt.Errorf("a connection was not accepted within %s after it was ready%s", round(r.waited), r.elsewhere())
	}
	return nil
}

// howReady says what showed that the program was ready, unless the program said so itself.
func (e *examination) howReady(r *run) string {
	if r.by != record.ByLife && r.by != record.ByAssumption {
		return r.how
	}
	return r.how + ", which is a guess; better " + saysReady.advice
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// elsewhere says on which other port the program listens, if it does.
func (r *run) elsewhere() string {
	if port := family().OwnPort([]uint64{r.socket.at.Inode}); port != "" {
		return ", while it listens on port " + port + " by itself"
	}
	return ""
}
