package gauge

import (
	"time"

	"rota/internal/record"
)

// phase is how far the reload was when a probe was sent.
type phase int

const (
	phaseBefore phase = iota // no worker of the new generation has been started
	PhaseDuring
	PhaseAfter // every slot has changed, and the older workers were told to stop
)

// stallFrom is how long a client may wait that nobody calls a stall, whatever it was like before.
const stallFrom = time.Second

// stallFactor is how many times the slowest answer before the reload a stall has taken, at least.
const stallFactor = 10

// ledger is what has become of the probes at one listener. All that is said of it comes from here.
type ledger struct {
	record.Probes
	slowest [PhaseAfter + 1]time.Duration // answer to a probe that was sent then; 0: none was answered
	proven  bool                          // the new generation has answered one that was sent after

	byNew, byOlder bool          // has answered at least one
	silentNew      time.Duration // the longest that the new generation held one without a word
	silentOlder    time.Duration
	queued         time.Duration // the longest that one waited which nobody accepted, before another was answered
	queueing       struct {      // likewise, and none was answered since
		long time.Duration
		turn int // of the latest
	}
	answered int // the latest turn that was
}

// sent is a probe.
type sent struct {
	turn  int // counts all probes of a gauge
	phase phase
}

// count adds a probe that is over.
func (t *ledger) count(s sent, k knocked, newest int) {
	switch k.how {
	case knockAnswered:
		t.countAnswer(s, k, newest)
	case knockRefused:
		t.Refused++
	case knockReset:
		t.Reset++
	case knockUnanswered:
		t.countSilence(s, k, newest)
	case knockNotMade:
		return
	}
	t.Sent++
}

func (t *ledger) countAnswer(s sent, k knocked, newest int) {
	t.OK++
	t.answered = max(t.answered, s.turn)
	t.passOver()
	t.slowest[s.phase] = max(t.slowest[s.phase], k.took)
	switch {
	case k.by.generation == 0:
		t.Unknown++
	case k.by.generation >= newest:
		t.New++
		t.byNew = true
		t.proven = t.proven || s.phase == PhaseAfter
	default:
		t.Older++
		t.byOlder = true
	}
}

func (t *ledger) countSilence(s sent, k knocked, newest int) {
	t.Unanswered++
	switch k.accepted {
	case acceptedNot:
		t.Queued++
		t.queueing.long, t.queueing.turn = max(t.queueing.long, k.took), max(t.queueing.turn, s.turn)
		t.passOver()
	case acceptedSilent:
		t.Silent++
		switch {
		case k.by.generation >= newest:
			t.silentNew = max(t.silentNew, k.took)
		case k.by.generation > 0:
			t.silentOlder = max(t.silentOlder, k.took)
		}
	case acceptedUnseen:
	}
}

// passOver notes that others were answered that came later.
func (t *ledger) passOver() {
	if t.answered > t.queueing.turn {
		t.queued, t.queueing.long = max(t.queued, t.queueing.long), 0
	}
}

// served reports whether somebody other than the new generation is known to have answered here, so that it has to as well.
func (t *ledger) served() bool { return t.OK > t.New }

// longest is the longest that a probe waited that was not sent before the reload, as far as that may be a stall. Who does not answer
// stalls only if it answers others. That nobody accepts is a stall only if a later one was answered: else nobody
// knows whether that will be.
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

// stall says how long the longest stall was; 0: there was none. It is unknown if one took long, and nobody knows how
// long it took before.
func (t *ledger) stall() (long time.Duration, known bool) {
	long = t.longest()
	before := t.slowest[phaseBefore]
	switch {
	case long <= stallFrom, before > 0 && long <= stallFactor*before:
		return 0, true
	}
	return long, before > 0
}

// addTo adds what was found at this listener to what was found at others.
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
	p.Before = max(p.Before, t.slowest[phaseBefore])
	p.During = max(p.During, t.slowest[PhaseDuring])
	p.After = max(p.After, t.slowest[PhaseAfter])
	p.Slowest = max(p.Before, p.During, p.After)
	return p
}

// report puts what was found at the listener of that name into the readings.
func (t *ledger) report(m *record.Measured, name string) {
	m.Probes = t.addTo(m.Probes)
	m.Proven = m.Proven || t.proven
	if t.lacks() {
		m.Unproven = append(m.Unproven, name)
	}
	long, known := t.stall()
	switch {
	case !known:
		m.Slow = max(m.Slow, long)
	case long > m.Stalled:
		m.Stalled, m.StalledUsually = long, t.slowest[phaseBefore]
	}
}
