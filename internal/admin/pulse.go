package admin

import "time"

// settling is how long after an event the statistics wait for those that come with it.
const settling = 10 * time.Millisecond

// pulse says when statistics are due: at every interval, and soon after something has
// changed, but never closer together than the gap. A nil pulse never is.
type pulse struct {
	every, gap time.Duration

	timer  *time.Timer
	next   time.Time // when it fires
	last   time.Time // when statistics were sent
	change time.Time // the latest one
}

func newPulse(every, gap time.Duration) *pulse {
	return &pulse{every: every, gap: gap, timer: time.NewTimer(every), next: time.Now().Add(every)}
}

// due is the channel on which the time comes.
func (p *pulse) due() <-chan time.Time {
	if p == nil {
		return nil
	}
	return p.timer.C
}

// changed says that the statistics sent before are out of date.
func (p *pulse) changed() {
	if p == nil {
		return
	}
	p.change = time.Now()
	if soon := p.afterChange(); soon.Before(p.next) {
		p.fireAt(soon)
	}
}

// sent says that statistics were sent that are as of the time asOf. What has changed since
// is not in them, and makes the next ones due early.
func (p *pulse) sent(asOf time.Time) {
	p.last = time.Now()
	next := p.last.Add(p.every)
	if soon := p.afterChange(); p.change.After(asOf) && soon.Before(next) {
		next = soon
	}
	p.fireAt(next)
}

// afterChange is when the latest change may be shown.
func (p *pulse) afterChange() time.Time {
	soon, allowed := p.change.Add(settling), p.last.Add(p.gap)
	if soon.Before(allowed) {
		return allowed
	}
	return soon
}

func (p *pulse) fireAt(t time.Time) {
	p.next = t
	p.timer.Reset(time.Until(t))
}
