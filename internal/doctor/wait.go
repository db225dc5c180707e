package doctor

import (
	"context"
	"slices"
	"time"

	"rota/internal/kernel"
)

// waits is how the program waits for connections at a socket.
type waits struct {
	kernel.Wait
	blocks bool          // the socket is blocking
	unseen kernel.Unseen // why there may be more to it
}

// waits looks until the program waits. It may still be busy with the last client.
func (s *socket) waits(ctx context.Context) (w waits) {
	within(ctx, settled, func() bool {
		all, unseen := kernel.Waiting(family(), []uint64{s.at.Inode})
		w = waits{all[s.at.Inode], !s.nonBlocking(), unseen}
		return w.MayAccept()
	})
	return w
}

// left waits until the program no longer waits for connections at the socket, as after its stop signal. On a
// busy machine it may get the signal late. A program that goes on accepting, or cannot be seen, gets a
// bounded time.
func (s *socket) left(ctx context.Context) {
	within(ctx, hearingBound, func() bool {
		all, unseen := kernel.Waiting(family(), []uint64{s.at.Inode})
		return unseen != "" || !all[s.at.Inode].MayAccept()
	})
}

// hearingBound is how long a program may take to get its stop signal.
const hearingBound = 2 * time.Second

// wrong says how the program waited for a blocking socket other than in accept; "": nothing is wrong.
func (w waits) wrong() string {
	switch {
	case !w.blocks:
		return ""
	case w.Registered:
		return "it waits for the socket by epoll, and the socket blocks"
	case w.Polled:
		return "it waits for the socket by poll or select, and the socket blocks"
	default:
		return ""
	}
}

func (e *examination) judgePolled() {
	wrong := func(end ending) string { return end.waits.wrong() }
	for _, end := range e.endings {
		if end.waits.unseen != "" && !slices.ContainsFunc(e.endings, func(end ending) bool { return wrong(end) != "" }) {
			e.skip(polledBlocks, "how it waits can't be seen: it "+string(end.waits.unseen))
			return
		}
	}
	e.judgeAll(polledBlocks, every, wrong)
}
