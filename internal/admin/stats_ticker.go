package admin

import (
	"time"

	"rota/internal/sse"
)

// settling is how long after an event statistics wait for the events that come with it.
const settling = 10 * time.Millisecond

// statsTicker sends statistics on a stream: at every interval, and soon after a change, but
// never closer together than the gap.
type statsTicker struct {
	every, gap time.Duration
	snapshots  *snapshotCache
	out        *sse.Writer

	timer  *time.Timer
	next   time.Time // when it fires
	last   time.Time // when statistics were sent
	change time.Time // the latest one
}

func newStatsTicker(every, gap time.Duration, snapshots *snapshotCache, out *sse.Writer) *statsTicker {
	return &statsTicker{
		every: every, gap: gap, snapshots: snapshots, out: out,
		timer: time.NewTimer(every), next: time.Now().Add(every),
	}
}

// Due is the channel on which the time comes.
func (t *statsTicker) Due() <-chan time.Time { return t.timer.C }

// Changed says that the statistics sent before are out of date.
func (t *statsTicker) Changed() {
	t.change = time.Now()
	if soon := t.afterChange(); soon.Before(t.next) {
		t.fireAt(soon)
	}
}

// Send sends the present state. If the master does not answer it is about to end, and so is the stream.
func (t *statsTicker) Send() error {
	now, err := t.snapshots.recent(t.gap)
	if err != nil {
		t.sent(time.Now())
		return nil
	}
	err = t.out.Event("", "stats", now.stats)
	t.sent(now.began)
	return err
}

// sent says that statistics were sent that are as of the time asOf. A change since then is not in
// them and makes the next ones due early.
func (t *statsTicker) sent(asOf time.Time) {
	t.last = time.Now()
	next := t.last.Add(t.every)
	if soon := t.afterChange(); t.change.After(asOf) && soon.Before(next) {
		next = soon
	}
	t.fireAt(next)
}

// afterChange is when the latest change may be shown.
func (t *statsTicker) afterChange() time.Time {
	soon, allowed := t.change.Add(settling), t.last.Add(t.gap)
	if soon.Before(allowed) {
		return allowed
	}
	return soon
}

func (t *statsTicker) fireAt(at time.Time) {
	t.next = at
	t.timer.Reset(time.Until(at))
}
