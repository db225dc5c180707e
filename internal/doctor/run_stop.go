package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stop tells the worker to stop. It fails if the worker has exited before.
func (r *run) stop(ctx context.Context) error {
	r.waits = r.socket.waits(ctx)
	r.nonBlocking = r.nonBlocking || r.socket.nonBlocking()
	r.master.Shutdown()
	select {
	case <-r.told:
		return nil
	case <-r.ended:
		return r.died()
	case <-time.After(patience):
		return errors.New("it can't be told to stop") // the master hangs
	case <-ctx.Done():
		return ctx.Err()
	}
}

// died says how the worker exited without having been told to; nil: it has not.
func (r *run) died() error {
	if !closed(r.ended) || closed(r.told) {
		return nil
	}
	return fmt.Errorf("it %s without having been told to%s", r.exit, lastWords(r.exit))
}

// finish waits for the worker to exit as it was told, or kills it, and records how the run ended. It fails if
// the program cannot be killed.
func (e *examination) finish(ctx context.Context, r *run) error {
	defer r.close()
	if closed(r.ready) && closed(r.told) && !e.lingers() {
		select {
		case <-r.ended:
		case <-time.After(r.spec.DrainTimeout + patience):
		case <-ctx.Done():
		}
	}
	asTold := closed(r.ready) && closed(r.told) && closed(r.ended)
	r.master.Kill()
	select {
	case <-r.over:
	case <-time.After(patience):
		return errors.New("the program can't be killed")
	}
	r.listening.Wait()
	r.clients.Wait()
	e.endings = append(e.endings, e.ending(r, asTold))
	return nil
}
