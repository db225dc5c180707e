package gauge

import (
	"time"

	"rota/internal/record"
)

// stallFrom is how long a client has to wait, at least, for a stall.
const stallFrom = time.Second

// stallFactor is how many times as long as the slowest answer before the reload a stall takes, at least.
const stallFactor = 10

// ledger is what became of the probes at one listener.
type ledger struct {
	record.Probes
	slowest [PhaseAfter + 1]time.Duration // answer to a probe that was sent in this phase; 0: none
	proven  bool                          // the new generation has answered one of the last phase

	byNew, byOlder bool          // has answered a probe
	silentNew      time.Duration // the longest that the new generation kept one without an answer
	silentOlder    time.Duration
	queued         time.Duration // the longest that one waited in the queue before a later one was answered
	queueing       struct {      // likewise, if no later one was answered yet
		long time.Duration
		turn int // of the latest
	}
	lastAnswered int // the latest turn that was
}

// sent says when a probe was sent.
type sent struct {
	turn  int // counts all probes of a gauge
	phase Phase
}

// count adds a probe that is over.
func (t *ledger) count(s sent, o outcome, newest int) {
	switch o.result {
	case answered:
		t.countAnswer(s, o, newest)
	case refused:
		t.Refused++
	case wasReset:
		t.Reset++
	case unanswered:
		t.countSilence(s, o, newest)
	case notMade:
		return
	}
	t.Sent++
}

func (t *ledger) countAnswer(s sent, o outcome, newest int) {
	t.OK++
	t.lastAnswered = max(t.lastAnswered, s.turn)
	t.passOver()
	t.slowest[s.phase] = max(t.slowest[s.phase], o.took)
	switch {
	case o.generation == 0:
		t.Unknown++
	case o.generation >= newest:
		t.New++
		t.byNew = true
		t.proven = t.proven || s.phase == PhaseAfter
	default:
		t.Older++
		t.byOlder = true
	}
}

func (t *ledger) countSilence(s sent, o outcome, newest int) {
	t.Unanswered++
	switch o.acceptance {
	case notAccepted:
		t.Queued++
		t.queueing.long, t.queueing.turn = max(t.queueing.long, o.took), max(t.queueing.turn, s.turn)
		t.passOver()
	case accepted:
		t.Silent++
		switch {
		case o.generation >= newest:
			t.silentNew = max(t.silentNew, o.took)
		case o.generation > 0:
			t.silentOlder = max(t.silentOlder, o.took)
		}
	case acceptanceUnknown:
	}
}

// passOver notes that a later probe was answered.
func (t *ledger) passOver() {
	if t.lastAnswered > t.queueing.turn {
		t.queued, t.queueing.long = max(t.queued, t.queueing.long), 0
	}
}

// served reports whether somebody else than the new generation has answered here, so that this has to answer, too.
func (t *ledger) served() bool { return t.OK > t.New }

// longest is how long a probe has waited since the reload began, as far as that may be a stall. A generation that does
// not answer stalls only if it answers other probes. A probe that nobody accepts is a stall only if a later one was
// answered: else nobody knows whether it will be.
func (t *ledger) longest() time.Duration {
	long := max(t.slowest[PhaseDuring], t.slowest[PhaseAfter], t.queued)
	if t.byNew {
		long = max(long, t.silentNew)
	}
	if t.byOlder {
		long = max(long, t.silentOlder)
	}
	return long
}

// stall is how long the longest stall was; 0: there was none. It is unknown if a probe took long, and nobody knows how
// long one took before the reload.
func (t *ledger) stall() (long time.Duration, known bool) {
	long = t.longest()
	before := t.slowest[PhaseBefore]
	switch {
	case long <= stallFrom, before > 0 && long <= stallFactor*before:
		return 0, true
	}
	return long, before > 0
}

// addTo adds the counts of this listener to those of others.
func (t *ledger) addTo(p record.Probes) record.Probes {
	p.Sent += t.Sent
	p.OK += t.OK
	p.New += t.New
	p.Older += t.Older
	p.Unknown += t.Unknown
	p.Refused += t.Refused
	p.Reset += t.Reset
	p.Unanswered += t.Unanswered
	p.Queued += t.Queued
	p.Silent += t.Silent
	p.Before = max(p.Before, t.slowest[PhaseBefore])
	p.During = max(p.During, t.slowest[PhaseDuring])
	p.After = max(p.After, t.slowest[PhaseAfter])
	p.Slowest = max(p.Before, p.During, p.After)
	return p
}

// report adds what was found at this listener to the reading.
func (t *ledger) report(m *record.Measured, name string) {
	m.Probes = t.addTo(m.Probes)
	m.Proven = m.Proven || t.proven
	if t.lacksProof() {
		m.Unproven = append(m.Unproven, name)
	}
	long, known := t.stall()
	switch {
	case !known:
		m.Slow = max(m.Slow, long)
	case long > m.Stalled:
		m.Stalled, m.StalledUsually = long, t.slowest[PhaseBefore]
	}
}
