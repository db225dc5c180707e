package observer

import (
	"errors"
	"time"

	"rota/internal/kernel"
	"rota/internal/lapse"
	"rota/internal/listen"
	"rota/internal/losses"
)

// See looks at what connections the workers hold: nil if the kernel does not tell.
func (o *Observer) See(workers []string) (seen losses.Look, err error) {
	seen.Began = time.Now()
	seen.Before, _ = kernel.Resets()
	seen.Held, err = o.Looks.Held(workers)
	seen.After, _ = kernel.Resets()
	return seen, err
}

// HeldBy returns the connections of a worker, without those that rota has closed or made itself. It is not known if the
// kernel does not show them, or takes longer than so long. Many who ask at once share a look.
func (o *Observer) HeldBy(worker string, within time.Duration) (list []listen.Connection, known bool) {
	slow := lapse.NewTimer()
	slow.Reset(within)
	defer slow.Stop()
	var err error
	select {
	case held := <-o.held.join(o, worker):
		list, known = held[worker]
	case <-slow.C:
		err = errors.New("the kernel takes too long")
	case <-o.done:
		err = ErrStopped
	}
	if !known {
		o.warning(err).Str("worker_id", worker).Msg("cannot count the connections of a worker")
	}
	return list, known
}
