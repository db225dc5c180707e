package doctor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How much load there is: as many clients, each of which connects, asks once and leaves, again
// and again, until there were so many or so much time has passed.
const (
	loadClients  = 8
	loadRequests = 300
	loadTime     = 1500 * time.Millisecond
)

// leakRounds is how many rounds of load must each leave more descriptors open than the one before
// to call it a leak. What is opened once and kept, such as a pool or a log, does not grow so.
const leakRounds = 3

// loadRound is what came of one round of load.
type loadRound struct {
	asked, failed int
	first         error // of those that failed
}

// underLoad has the program answer many, and counts what it has open before and after.
func (e *examination) underLoad(ctx context.Context, t *trial) {
	speech, err := e.detect(ctx, t)
	if err != nil {
		e.why = "no request is known that it answers"
		e.fail(answersUnderLoad, orDeath(t, "no answer "+err.Error()))
		return
	}
	e.speech = speech
	began := time.Now()
	total := e.load(ctx, t)
	leak, seen := e.leak(ctx, t, &total)
	switch {
	case total.failed > 0:
		e.fail(answersUnderLoad, orDeath(t, fmt.Sprintf("%d of %d requests failed: %s", total.failed, total.asked, total.first)))
	default:
		e.pass(answersUnderLoad, fmt.Sprintf("%s, %d requests in %s", speech, total.asked, round(time.Since(began))))
	}
	if !seen {
		e.skip(leaksNoDescriptor, "its descriptors can't be counted by this user, or it ended")
		return
	}
	e.judge(leaksNoDescriptor, leak)
}

// orDeath puts how the program died in the place of what follows from that.
func orDeath(t *trial, otherwise string) string {
	if err := t.died(); err != nil {
		return err.Error()
	}
	return otherwise
}

// leak says by how much every round of load has let the number of open descriptors grow, if so.
func (e *examination) leak(ctx context.Context, t *trial, total *loadRound) (found string, seen bool) {
	before, seen := descriptors()
	first := before
	for range leakRounds {
		r := e.load(ctx, t)
		total.add(r)
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

func (e *examination) load(ctx context.Context, t *trial) loadRound {
	var round loadRound
	var mutex sync.Mutex
	var next atomic.Int32
	var clients sync.WaitGroup
	until := time.Now().Add(loadTime)
	for range loadClients {
		clients.Go(func() {
			for next.Add(1) <= loadRequests && time.Now().Before(until) && ctx.Err() == nil {
				one := loadRound{asked: 1}
				if one.first = e.once(ctx, t); one.first != nil {
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

// once is a client that connects, asks and leaves.
func (e *examination) once(ctx context.Context, t *trial) error {
	c, err := t.connect(ctx)
	if err != nil {
		return explain(err)
	}
	defer c.Close()
	_, err = e.speech.ask(c, 2*answerBound)
	return err
}
