package master

import (
	"math/rand/v2"
	"time"

	"rota/internal/pool"
)

// The back-off of a slot whose workers die one after the other: it doubles with each death, up to a limit. Jitter
// keeps slots that fail together from retrying together.
const (
	firstRetry  = 500 * time.Millisecond
	lastRetry   = 24 * time.Second // 30 s with the most jitter
	retryJitter = 0.25             // of the delay, more or less
)

// retry posts a fact when the back-off of a slot is over.
func (l *loop) retry(e pool.Retry) {
	delay := retryDelay(e.Deaths)
	l.retryAt[e.Slot] = time.Now().Add(delay)
	time.AfterFunc(delay, func() { l.mailbox.post(pool.RetryDue{Slot: e.Slot}) })
}

// retryDelay is the back-off after so many deaths in a row.
func retryDelay(deaths int) time.Duration {
	delay := firstRetry
	for range deaths - 1 {
		if delay = min(2*delay, lastRetry); delay == lastRetry {
			break
		}
	}
	return time.Duration(float64(delay) * (1 - retryJitter + 2*retryJitter*rand.Float64()))
}
