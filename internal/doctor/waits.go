package doctor

import (
	"context"
	"slices"
	"time"

	"rota/internal/kernel"
)

// waits is how the program waited for connections at a socket.
type waits struct {
	kernel.Wait
	blocks bool          // the socket did
	unseen kernel.Unseen // there may be more to it
}

// waits looks until the program waits: it may be about to, with who came last.
func (s *socket) waits(ctx context.Context) (w waits) {
	within(ctx, settled, func() bool {
		all, unseen := kernel.Waiting(family(), []uint64{s.at.Inode})
		w = waits{all[s.at.Inode], !s.nonBlocking(), unseen}
		return w.MayAccept()
	})
	return w
}

// left waits until the program is seen to wait for the socket no longer, as one does that has heard its stop signal. On a busy
// machine it may hear that late. Of one that goes on accepting, or can't be seen, it is believed after a while.
func (s *socket) left(ctx context.Context) {
	within(ctx, hearingBound, func() bool {
		all, unseen := kernel.Waiting(family(), []uint64{s.at.Inode})
		return unseen != "" || !all[s.at.Inode].MayAccept()
	})
}

// hearingBound is how long a program may take to hear its stop signal.
const hearingBound = 2 * time.Second

// wrong says by what it waited for a socket that blocks, other than by accept.
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
	wrong := func(l life) string { return l.waits.wrong() }
	for _, l := range e.lives {
		if l.waits.unseen != "" && !slices.ContainsFunc(e.lives, func(l life) bool { return wrong(l) != "" }) {
			e.skip(polledBlocks, "how it waits can't be seen: it "+string(l.waits.unseen))
			return
		}
	}
	e.judgeAll(polledBlocks, every, wrong)
}
