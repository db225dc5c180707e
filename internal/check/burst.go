package check

import (
	"context"
	"slices"
	"sync"
	"time"

	"rota/internal/listen"
)

// burst is connections that are opened together. A worker that has not answered yet is asked as soon as it accepts one,
// since it may accept the next only when it has finished this one. A connection that is accepted by a worker that has
// answered already is held for a moment: while that worker waits for a request, the others get what is left in the
// queue.
type burst struct {
	*sweep
	waiting  []*visit // in the queue
	held     []*visit
	first    bool
	patience time.Duration // after which a burst makes room for the next if nobody accepts what is left of it

	asked       sync.WaitGroup
	answers     chan answer
	outstanding int
	accepted    bool      // something was
	moved       time.Time // when somebody accepted or answered last
}

// answer is what came of a visit.
type answer struct {
	*visit
	err error
}

// A look costs up to tens of milliseconds if there are ten thousand connections. It may take only a part of the time.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 50 * time.Millisecond
	lookShare  = 5
)

const (
	// holdFor is how long the others may take to accept what is left, while a worker is kept waiting for a request.
	holdFor = 50 * time.Millisecond
	// firstPatience is that of the first burst; it doubles with each.
	firstPatience = 200 * time.Millisecond
	// strangeAfter is how long a connection is held by no worker until it is believed, for the first time, that none has
	// accepted it. While a worker is just accepting it, it does not hold it yet.
	strangeAfter = 100 * time.Millisecond
)

// run returns the first bad answer that counts. Each answer is waited for as long as the timeout says.
func (b *burst) run(ctx context.Context) *complaint {
	ctx, cancel := context.WithCancel(ctx)
	b.answers = make(chan answer, len(b.waiting))
	b.moved = time.Now()
	defer b.close(slices.Clone(b.waiting))
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		began := time.Now()
		if b.looking() {
			b.look(ctx)
		}
		if len(b.waiting) > 0 {
			b.ignored = max(b.ignored, time.Since(b.moved))
		}
		if b.outstanding == 0 && len(b.held) > 0 && b.exhausted(holdFor) {
			b.release(ctx)
		}
		if b.outstanding == 0 && b.over() {
			return nil
		}
		select {
		case a := <-b.answers:
			if bad := b.judge(a); bad != nil {
				return bad
			}
			pause = firstPause / 2 // who has answered may accept the next
		case <-time.After(max(pause, lookShare*time.Since(began))):
		case <-ctx.Done():
			return nil
		}
	}
}

// close ends all of the connections, when who has been asked on them knows that it is over.
func (b *burst) close(all []*visit) {
	for _, v := range slices.Concat(b.waiting, b.held) {
		b.asked.Go(v.close)
	}
	b.asked.Wait()
	for _, v := range all {
		if b.Closed != nil {
			b.Closed(v.client)
		}
	}
}

func (b *burst) looking() bool {
	return len(b.waiting) > 0 && !b.until.Rung() && !b.reachedAll()
}

// exhausted reports whether nobody accepts any more of the connections, for so long, or there are none left.
func (b *burst) exhausted(after time.Duration) bool {
	return len(b.waiting) == 0 || time.Since(b.moved) >= after
}

// over reports whether there is nothing left to wait for. If nobody accepts anything, more connections are no help.
func (b *burst) over() bool {
	switch {
	case b.reachedAll() || b.until.Rung():
		return true
	case len(b.held) > 0 || len(b.waiting) > 0 && !b.accepted:
		return false
	}
	return b.exhausted(b.patience)
}

// look asks those that have been accepted by somebody who has not answered yet.
func (b *burst) look(ctx context.Context) {
	holders, seen := b.holders()
	b.waiting = slices.DeleteFunc(b.waiting, func(v *visit) bool {
		if !v.accepted(holders, seen, b.disbelief()) {
			return false
		}
		b.moved, b.accepted = time.Now(), true
		b.taken++
		b.accepts[v.worker]++
		b.strange = b.strange || v.worker == "" && !v.unseen
		if b.answered[v.worker] {
			b.held = append(b.held, v)
		} else {
			b.ask(ctx, v)
		}
		return true
	})
}

// release ends the holding. In the first burst each held connection is asked, since another process of the worker may
// have it. Later bursts only look for workers that have not answered, and close those connections.
func (b *burst) release(ctx context.Context) {
	for _, v := range b.held {
		if b.first {
			b.ask(ctx, v)
		} else {
			b.asked.Go(v.close)
		}
	}
	b.held, b.moved = nil, time.Now()
}

func (b *burst) ask(ctx context.Context, v *visit) {
	b.outstanding++
	b.asked.Go(func() { b.answers <- answer{v, b.question(ctx, v)} })
}

// holders asks the master who has accepted what. Not seen: it can't tell.
func (b *burst) holders() (holders map[listen.Client]string, seen bool) {
	if b.Holders == nil {
		return nil, false
	}
	var clients []listen.Client
	for _, v := range b.waiting {
		clients = append(clients, v.client)
	}
	holders, err := b.Holders(clients)
	return holders, err == nil
}

// disbelief is how long a connection that is held by no worker may still be a worker's.
func (b *burst) disbelief() time.Duration {
	if b.strange {
		return firstPause
	}
	return strangeAfter
}

// judge returns a complaint if the answer is bad, and counts.
func (b *burst) judge(a answer) *complaint {
	b.outstanding--
	b.moved = time.Now()
	switch {
	case a.err == nil:
		b.heard(a.worker)
	case b.counts(a.worker):
		return &complaint{message: a.err.Error(), worker: a.worker}
	}
	return nil
}
