package doctor

import (
	"context"
	"fmt"
	"time"

	"rota/internal/kernel"
	"rota/internal/master"
)

// serving is the first trial: does the program serve at all, and well? It is told to stop when nobody
// is connected.
func (e *examination) serving(ctx context.Context) error {
	t, err := e.begin()
	if err != nil {
		return err
	}
	if err := t.awaitReady(ctx); err != nil {
		e.why = "it was never ready"
		e.skip(takesSocket, e.why)
		e.tell(saysReady, Fail, err.Error()+"; "+t.adviceNotReady()+e.recipe())
	} else {
		e.whileItLives(ctx, t)
	}
	e.skipRest(answersUnderLoad, leaksNoDescriptor)
	if closed(t.ready) {
		_ = t.stop(ctx) // if it has died it has failed already
	}
	return e.finish(ctx, t)
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
	if e.welcome(ctx, t) {
		e.underLoad(ctx, t)
	}
}

// welcome sees whether the first client is accepted when the program is said to be ready. If it is
// not at all, there is nothing more to see.
func (e *examination) welcome(ctx context.Context, t *trial) (accepted bool) {
	began := time.Now()
	c, err := t.connect(ctx)
	if err == nil {
		defer c.Close()
		accepted = within(ctx, t.spec.StartTimeout, func() bool { return !t.socket.waiting() })
	}
	waited := time.Since(began)
	switch {
	case t.died() != nil:
		err = t.died()
	case err == nil && !accepted:
		err = fmt.Errorf("a connection was not accepted within %s after it was ready%s", round(waited), t.elsewhere())
	}
	if err != nil {
		e.why = "it does not take the socket"
		e.fail(takesSocket, err.Error())
		e.skip(saysReady, e.why)
		return false
	}
	e.pass(takesSocket, "")
	if waited > readyBound {
		e.fail(saysReady, fmt.Sprintf("a connection waited %s after it was ready%s", round(waited), inBrackets(t.how)))
		return true
	}
	e.pass(saysReady, e.howReady(t))
	return true
}

// howReady says by what the program was known to be ready, if that was not its word.
func (e *examination) howReady(t *trial) string {
	if k := e.Spec.Ready.Kind; t.how == "" || k != master.ReadyEither && k != master.ReadyDelay {
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
	for _, p := range family() {
		inodes, err := kernel.SocketInodes(p.PID)
		if err != nil {
			continue
		}
		if port := ownListener(p.PID, inodes, t.socket.at.Inode); port != "" {
			return ", while it listens on port " + port + " by itself"
		}
	}
	return ""
}
