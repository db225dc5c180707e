package reach

import (
	"context"
	"time"

	"rota/internal/listen"
)

// schedule says how many connections a search makes, and when. It begins with one and makes more if others accept
// that. If several rounds find nobody, the gaps between them grow. While connections wait in a queue that all workers
// share, it makes no more.
type schedule struct {
	shared   bool // all workers accept from one queue
	size     int  // of the next round
	failures int  // rounds since a wanted worker was found

	pause time.Duration // between two looks
	gap   time.Duration // between two rounds
	next  time.Time     // the next round is not before
}

const (
	firstPause = time.Millisecond
	lastPause  = 50 * time.Millisecond
	mostAtOnce = 16
	fewRounds  = 8 // after so many failures the gap grows
	lookShare  = 5 // the pause is so many times as long as a look takes
	dialGap    = 5 * time.Millisecond
)

// LongestGap is the longest time between two rounds, unless the search wants a shorter one.
const LongestGap = time.Second

func newSchedule(a listen.Spec) schedule {
	return schedule{shared: !a.ReusePort, size: 1, pause: firstPause, gap: firstPause}
}

// hurry makes the next rounds follow soon.
func (p *schedule) hurry() { p.failures, p.gap = 0, firstPause }

// due is how many connections to make now.
func (p *schedule) due(waiting int, longest time.Duration) int {
	now := time.Now()
	if waiting > 0 && p.shared || now.Before(p.next) {
		return 0
	}
	n := p.size
	p.size, p.pause = min(4*p.size, mostAtOnce), firstPause
	if p.failures++; p.failures > fewRounds {
		p.gap = min(2*p.gap, longest)
	}
	p.next = now.Add(p.gap)
	return n
}

// wait returns when it is time to look again, or, if no connections wait, for the next round.
func (p *schedule) wait(ctx context.Context, waiting int) error {
	d := p.pause
	if waiting == 0 {
		d = time.Until(p.next)
	}
	p.pause = min(2*p.pause, lastPause)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// looked makes the next pause long in relation to what a look costs.
func (p *schedule) looked(took time.Duration) { p.pause = max(p.pause, min(lookShare*took, lastPause)) }
