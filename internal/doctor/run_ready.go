package doctor

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"rota/internal/plan"
)

// awaitReady waits until the worker is ready. The error says why it is not.
func (r *run) awaitReady(ctx context.Context) error {
	limit := time.NewTimer(r.spec.StartTimeout + patience)
	defer limit.Stop()
	select {
	case <-r.ready:
		return nil
	case <-r.ended:
		return fmt.Errorf("it %s before it was ready%s", r.exit, lastWords(r.exit))
	case <-r.told:
	case <-limit.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return fmt.Errorf("it was not ready within the start timeout of %s: %s", r.spec.StartTimeout, cmp.Or(r.missing, "rota does not tell why"))
}

// adviceNotReady says what to do about a program that was not ready.
func (r *run) adviceNotReady() string {
	switch {
	case !closed(r.ended) && (r.spec.Ready.Kind == plan.ReadyTCP || r.spec.Ready.Kind == plan.ReadyHTTP):
		return "have it serve the additional socket, too: it is called probe, and {fd:probe} in the arguments is its number; or leave out --ready"
	case !closed(r.ended):
		return saysReady.advice
	case r.exit.Code == 0:
		return "have it stay in the foreground: what its first process has started is ended with that"
	default:
		return "have it run: rota run logs all that it prints"
	}
}
