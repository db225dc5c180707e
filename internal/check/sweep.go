package check

import (
	"context"
	"slices"
	"time"

	"rota/internal/lapse"
	"rota/internal/listen"
)

// How many connections a sweep makes. On a listener that the workers share, the kernel decides who gets one, and may
// give many in a row to the same worker, so each burst is larger than the one before.
const (
	mostBursts  = 5 // where not everybody has to be reached
	leastAtOnce = 4
	eachAtOnce  = 2 // for a worker
	mostAtFirst = 32
	mostAtOnce  = 128
	queueShare  = 4 // of a listener's queue at most this part is taken: the rest is for clients
)

// sweep asks one thing of the new workers, through one listener, until each has answered.
//
// When the reload is live nobody else should accept, so each of them has to be reached, and the sweep goes on for as long as the
// timeout says. Before, older workers take their share, and the sweep tries what it can in a few bursts; so does one of those that
// repeat what went well, unless a worker is left out that ought to have been reached by then.
type sweep struct {
	*round
	listener listen.Spec
	question func(context.Context, *visit) error // the error is a bad answer
	until    *lapse.Timer                        // rings when it is time to give up those that were not reached

	answered  map[string]bool // new workers
	accepts   map[string]int  // how many each worker has accepted
	ours      int             // answers that count
	strangers int             // good answers of those whom nobody knows
	offered   int             // connections
	taken     int             // of those somebody has accepted so many
	ignored   time.Duration   // the longest that connections waited while nobody accepted one
	strange   bool            // some were accepted by somebody who is no worker
}

// sweep returns whether the generation on trial has answered well.
func (r *round) sweep(ctx context.Context, a listen.Spec, question func(context.Context, *visit) error) (well bool, bad *complaint) {
	s := &sweep{round: r, listener: a, question: question, until: lapse.NewTimer(),
		answered: map[string]bool{}, accepts: map[string]int{}}
	s.until.Reset(r.timeout)
	if !r.Live {
		s.until.Reset(r.timeout / 2)
	}
	defer s.until.Stop()
	for bursts := 1; ; bursts++ {
		if bad = s.burst(ctx, bursts); bad != nil {
			break
		}
		if s.over(bursts) || ctx.Err() != nil {
			bad = s.missed()
			break
		}
		s.rest(ctx, bursts)
	}
	return s.ours > 0, bad
}

// burst makes the connections of the nth burst, and has them asked.
func (s *sweep) burst(ctx context.Context, nth int) *complaint {
	visits, bad := s.visit(ctx, s.size(nth))
	s.offered += len(visits)
	b := burst{sweep: s, waiting: visits, first: nth == 1, patience: firstPatience << min(nth-1, 5)}
	if worse := b.run(ctx); bad == nil {
		bad = worse
	}
	return bad
}

// size is how many connections the nth burst has.
func (s *sweep) size(nth int) int {
	first := min(max(eachAtOnce*len(s.Workers), leastAtOnce), mostAtFirst)
	size := min(first<<min(nth-1, 5), mostAtOnce)
	if s.Queues == nil {
		return size
	}
	queues, err := s.Queues()
	if q, known := queues[s.listener.Name]; err == nil && known {
		size = min(size, int(q.Backlog)/queueShare-int(q.Depth))
	}
	return max(size, 1)
}

// rest makes a pause before the next burst. Nobody's ports and processor are to be used up by many.
func (s *sweep) rest(ctx context.Context, bursts int) {
	select {
	case <-time.After(firstRest << min(bursts-1, 4)):
	case <-ctx.Done():
	}
}

const firstRest = 5 * time.Millisecond

// over reports whether no other burst follows.
func (s *sweep) over(bursts int) bool {
	switch {
	case len(s.Workers) == 0, s.reachedAll(), s.until.Rung():
		return true
	case s.Live && s.ours == 0, s.Live && s.strangers == 0 && (!s.Again || s.fair()):
		return false
	}
	return bursts >= mostBursts
}

func (s *sweep) reachedAll() bool { return len(s.Workers) > 0 && len(s.missing()) == 0 }

// missing are the new workers that have not answered.
func (s *sweep) missing() []string {
	return slices.DeleteFunc(slices.Clone(s.Workers), func(worker string) bool { return s.answered[worker] })
}

// heard counts a good answer.
func (s *sweep) heard(worker string) {
	switch {
	case slices.Contains(s.Workers, worker):
		s.answered[worker] = true
	case worker == "":
		s.strangers++
	}
	if s.counts(worker) {
		s.ours++
	}
}
