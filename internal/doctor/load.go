package doctor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The load. Each client connects, sends one request and closes, again and again, until the number of requests
// or the time is reached.
const (
	loadClients  = 8
	loadRequests = 300
	loadTime     = 1500 * time.Millisecond
)

// leakRounds is how many rounds in a row must each leave more descriptors open than the one before, to be
// called a leak. A pool or a log that is opened once does not grow like that.
const leakRounds = 3

// loadRound is the result of one round of load.
type loadRound struct {
	asked, failed int
	first         error // the first failure
}

// underLoad sends the load, and counts the open descriptors before and after.
func (e *examination) underLoad(ctx context.Context, r *run) {
	speech, err := e.detect(ctx, r)
	if err != nil {
		e.why = "no request is known that it answers"
		e.fail(answersUnderLoad, orDeath(r, "no answer "+err.Error()))
		return
	}
	e.speech = speech
	began := time.Now()
	total := e.load(ctx, r)
	leak, seen := e.leak(ctx, r, &total)
	switch {
	case total.failed > 0:
		e.fail(answersUnderLoad, orDeath(r, fmt.Sprintf("%d of %d requests failed: %s", total.failed, total.asked, total.first)))
	default:
		e.pass(answersUnderLoad, fmt.Sprintf("%s, %d requests in %s", speech, total.asked, round(time.Since(began))))
	}
	if !seen {
		e.skip(leaksNoDescriptor, "its descriptors can't be counted by this user, or it ended")
		return
	}
	e.judge(leaksNoDescriptor, leak)
}

// orDeath replaces a failure by its cause if the program has died.
func orDeath(r *run, otherwise string) string {
	if err := r.died(); err != nil {
		return err.Error()
	}
	return otherwise
}

// leak says how much the number of open descriptors grew, if it grew in every round; else "".
func (e *examination) leak(ctx context.Context, r *run, total *loadRound) (found string, seen bool) {
	before, seen := descriptors()
	first := before
	for range leakRounds {
		one := e.load(ctx, r)
		total.add(one)
		now := 0
		back := within(ctx, 2*time.Second, func() bool {
			n, ok := descriptors()
			now, seen = n, seen && ok
			return !ok || n <= before
		})
		if back || !seen || ctx.Err() != nil {
			return "", seen && ctx.Err() == nil
		}
		before = now
	}
	return fmt.Sprintf("it had %d descriptors open before %d rounds of requests, and %d afterwards, when nobody was connected", first, leakRounds, before), true
}

func (r *loadRound) add(other loadRound) {
	r.asked += other.asked
	r.failed += other.failed
	if r.first == nil {
		r.first = other.first
	}
}

func (e *examination) load(ctx context.Context, r *run) loadRound {
	var round loadRound
	var mutex sync.Mutex
	var next atomic.Int32
	var clients sync.WaitGroup
	until := time.Now().Add(loadTime)
	for range loadClients {
		clients.Go(func() {
			for next.Add(1) <= loadRequests && time.Now().Before(until) && ctx.Err() == nil {
				one := loadRound{asked: 1}
				if one.first = e.once(ctx, r); one.first != nil {
					one.failed = 1
				}
				mutex.Lock()
				round.add(one)
				mutex.Unlock()
			}
		})
	}
	clients.Wait()
	return round
}

// once is a client that connects, sends one request and closes.
func (e *examination) once(ctx context.Context, r *run) error {
	c, err := r.connect(ctx)
	if err != nil {
		return explain(err)
	}
	defer c.Close()
	_, err = e.speech.ask(c, 2*answerBound)
	return err
}
