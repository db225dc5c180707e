package gauge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

// What a probe came to, in a reload to generation 2.
func answeredBy(generation int, took time.Duration) outcome {
	return outcome{result: answered, took: took, generation: generation, acceptance: accepted}
}

func silentWith(generation int, waited time.Duration) outcome {
	return outcome{result: unanswered, took: waited, generation: generation, acceptance: accepted}
}

func queuedFor(waited time.Duration) outcome {
	return outcome{result: unanswered, took: waited, acceptance: notAccepted}
}

// fate is one of them, with when it was sent.
type fate struct {
	phase Phase
	outcome
}

func ledgerOf(list ...fate) *ledger {
	t := &ledger{}
	for i, p := range list {
		t.count(sent{i + 1, p.phase}, p.outcome, 2)
	}
	return t
}

func TestAProbeCountsForTheGenerationThatAnsweredIt(t *testing.T) {
	m := record.Measured{}
	ledgerOf(
		fate{PhaseBefore, answeredBy(1, 2*time.Millisecond)},
		fate{PhaseDuring, answeredBy(2, 3*time.Millisecond)},
		fate{PhaseDuring, answeredBy(3, time.Millisecond)},
		fate{PhaseAfter, answeredBy(0, 4*time.Millisecond)},
		fate{PhaseAfter, queuedFor(time.Second)},
		fate{PhaseAfter, silentWith(2, time.Second)},
		fate{PhaseAfter, outcome{result: unanswered}},
		fate{PhaseAfter, outcome{result: refused}},
		fate{PhaseAfter, outcome{result: wasReset}},
		fate{PhaseAfter, outcome{result: notMade}},
	).report(&m, "http")
	require.Equal(t, record.Probes{Sent: 9, OK: 4, New: 2, Older: 1, Unknown: 1, Refused: 1, Reset: 1, Unanswered: 3, Queued: 1, Silent: 1,
		Slowest: 4 * time.Millisecond, Before: 2 * time.Millisecond, During: 3 * time.Millisecond, After: 4 * time.Millisecond}, m.Probes)
	require.False(t, m.Proven, "none was answered by the new generation since every slot had changed")
	require.Equal(t, []string{"http"}, m.Unproven)
}

func TestEachListenerThatOthersAnsweredOnIsProvenByItself(t *testing.T) {
	m := record.Measured{}
	ledgerOf(fate{PhaseBefore, answeredBy(1, 1)}, fate{PhaseAfter, answeredBy(2, 1)}).report(&m, "http")
	ledgerOf(fate{PhaseBefore, answeredBy(1, 1)}, fate{PhaseDuring, answeredBy(2, 1)}).report(&m, "admin")
	ledgerOf(fate{PhaseAfter, queuedFor(time.Second)}).report(&m, "nobodys")
	ledgerOf(fate{PhaseAfter, answeredBy(2, 1)}).report(&m, "new")
	require.True(t, m.Proven)
	require.Equal(t, []string{"admin"}, m.Unproven)
}

func TestWhoIsPassedOverStalls(t *testing.T) {
	list := ledgerOf(fate{PhaseBefore, answeredBy(1, time.Millisecond)}, fate{PhaseAfter, answeredBy(2, time.Millisecond)})
	list.count(sent{1, PhaseAfter}, queuedFor(3*time.Second), 2) // it was sent before the other
	long, known := list.stall()
	require.True(t, known)
	require.Equal(t, 3*time.Second, long)
}

func TestWhatIsAStall(t *testing.T) {
	const ms = time.Millisecond
	before := fate{PhaseBefore, answeredBy(1, ms)}
	for name, c := range map[string]struct {
		probes []fate
		long   time.Duration
		known  bool
	}{
		"nothing":                                {nil, 0, true},
		"quick answers":                          {[]fate{before, {PhaseDuring, answeredBy(1, 999*ms)}}, 0, true},
		"more than a second":                     {[]fate{before, {PhaseDuring, answeredBy(1, 8300*ms)}}, 8300 * ms, true},
		"after every slot has changed":           {[]fate{before, {PhaseAfter, answeredBy(2, 1001*ms)}}, 1001 * ms, true},
		"the longest counts":                     {[]fate{before, {PhaseDuring, answeredBy(1, 3*time.Second)}, {PhaseAfter, answeredBy(2, 2*time.Second)}}, 3 * time.Second, true},
		"as slow before":                         {[]fate{{PhaseBefore, answeredBy(1, 1200*ms)}, {PhaseDuring, answeredBy(1, 2400*ms)}}, 0, true},
		"more than ten times as slow":            {[]fate{{PhaseBefore, answeredBy(1, 200*ms)}, {PhaseDuring, answeredBy(1, 2001*ms)}}, 2001 * ms, true},
		"slow before, and nothing else":          {[]fate{{PhaseBefore, answeredBy(1, 8*time.Second)}}, 0, true},
		"nobody knows how long it took before":   {[]fate{{PhaseDuring, answeredBy(1, 1200*ms)}}, 1200 * ms, false},
		"quick, whatever it was before":          {[]fate{{PhaseDuring, answeredBy(1, 200*ms)}}, 0, true},
		"silent by nature":                       {[]fate{{PhaseBefore, silentWith(1, time.Second)}, {PhaseDuring, silentWith(2, time.Second)}}, 0, true},
		"silent since it is new":                 {[]fate{before, {PhaseAfter, silentWith(2, 10*time.Second)}}, 0, true},
		"silent though it answers others":        {[]fate{before, {PhaseAfter, answeredBy(2, ms)}, {PhaseAfter, silentWith(2, 10*time.Second)}}, 10 * time.Second, true},
		"an older one that hangs":                {[]fate{before, {PhaseDuring, silentWith(1, 10*time.Second)}}, 10 * time.Second, true},
		"silent with a stranger":                 {[]fate{before, {PhaseDuring, silentWith(0, 10*time.Second)}}, 0, true},
		"not accepted to the end":                {[]fate{before, {PhaseAfter, queuedFor(2 * time.Second)}}, 0, true},
		"not accepted, and a later one answered": {[]fate{before, {PhaseAfter, queuedFor(2 * time.Second)}, {PhaseAfter, answeredBy(2, ms)}}, 2 * time.Second, true},
		"not accepted, and given up after that":  {[]fate{before, {PhaseAfter, answeredBy(2, ms)}, {PhaseAfter, queuedFor(2 * time.Second)}}, 0, true},
		"not accepted where nobody ever was":     {[]fate{{PhaseBefore, queuedFor(2 * time.Second)}, {PhaseAfter, queuedFor(2 * time.Second)}}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			long, known := ledgerOf(c.probes...).stall()
			require.Equal(t, c.long, long)
			require.Equal(t, c.known, known)
		})
	}
}
