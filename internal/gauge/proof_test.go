package gauge

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
)

// scene is a gauge in a bubble, of a reload to generation 2, and who answers its probes, and when.
type scene struct {
	*Gauge
	by     atomic.Int64 // 0: unknown; below zero: nobody accepts
	takes  atomic.Int64
	probes atomic.Int64
	alone  atomic.Bool
}

func play(t *testing.T, interval time.Duration, test func(*scene), at ...listen.Spec) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		s := &scene{}
		s.by.Store(1)
		s.takes.Store(int64(time.Millisecond))
		if at == nil {
			at = []listen.Spec{loopback}
		}
		with := measuring(toward(at...), noQueue)
		with.Alone = s.alone.Load
		s.Gauge = start(interval, 2, with, s.probe)
		test(s)
		s.Stop()
		<-s.Ended()
		time.Sleep(time.Second) // for what is under way
	})
}

func (s *scene) probe(ctx context.Context, _ listen.Spec, onAccepted func(int)) outcome {
	s.probes.Add(1)
	time.Sleep(time.Nanosecond) // so that who sets the scene is ahead, also of the first
	began := time.Now()
	for s.by.Load() < 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if ctx.Err() != nil {
		return outcome{result: unanswered, acceptance: notAccepted}
	}
	by := int(s.by.Load())
	onAccepted(by)
	select {
	case <-time.After(time.Duration(s.takes.Load())):
		return outcome{result: answered, took: time.Since(began), generation: by}
	case <-ctx.Done():
		return outcome{result: unanswered, generation: by, acceptance: accepted}
	}
}

// live has every slot changed, and returns how long the search for a proof takes.
func (s *scene) live() (took time.Duration) {
	began := time.Now()
	s.Enter(PhaseAfter)
	s.Slow()
	done := make(chan struct{})
	s.Prove(func() { close(done) })
	<-done
	return time.Since(began)
}

func TestAReloadIsProvenAsSoonAsTheNewGenerationAnswers(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		time.Sleep(time.Second)
		go func() { // the older ones hear late that they are to stop
			time.Sleep(300 * time.Millisecond)
			s.by.Store(2)
		}()
		require.InDelta(t, 300*time.Millisecond, s.live(), float64(2*proveEvery))
		m := s.Reading()
		require.True(t, m.Proven)
		require.Empty(t, m.Unproven)
		require.Equal(t, 1, m.Probes.New)
		require.Equal(t, time.Millisecond, m.Probes.Before)
	})
}

func TestNothingIsProvenWhereOnlyOlderWorkersAnswer(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		require.InDelta(t, proveWithin, s.live(), float64(100*time.Millisecond))
		m := s.Reading()
		require.False(t, m.Proven)
		require.Equal(t, []string{"tcp"}, m.Unproven)
		require.Equal(t, m.Probes.OK, m.Probes.Older)
		probes := s.probes.Load()
		time.Sleep(10 * time.Second)
		require.InDelta(t, 10, s.probes.Load()-probes, 1, "and then it is slow")
	})
}

func TestWhereNothingCanBeProbedNobodyWaitsForAProof(t *testing.T) {
	play(t, 0, func(s *scene) { require.Zero(t, s.live()) })
	play(t, time.Second, func(s *scene) { require.Zero(t, s.live()) }, listen.Spec{Name: "udp", Network: "udp"})
}

// A stall that begins when the reload is live is waited for, so that it is known how long it was.
func TestAStallAtTheEndIsMeasured(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		time.Sleep(time.Second + 25*time.Millisecond) // between two probes
		s.by.Store(-1)
		go func() {
			time.Sleep(8300 * time.Millisecond)
			s.by.Store(2)
		}()
		s.live()
		m := s.Reading()
		require.True(t, m.Proven)
		require.InDelta(t, 8300*time.Millisecond, m.Stalled, float64(100*time.Millisecond))
		require.Equal(t, time.Millisecond, m.StalledUsually)
	})
}

func TestAReloadThatNobodyEverAcceptsFromIsNotWaitedForLong(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		s.by.Store(-1)
		require.InDelta(t, proveWithin, s.live(), float64(100*time.Millisecond))
		m := s.Reading()
		require.Zero(t, m.Stalled)
		require.Equal(t, m.Probes.Unanswered, m.Probes.Queued)
	})
}

// Where answers take long, a probe is given its time, and they don't come faster than they are answered.
func TestASlowProgramIsProvenAndNotOverrun(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		s.takes.Store(int64(1200 * time.Millisecond))
		time.Sleep(10 * time.Second)
		s.by.Store(2)
		s.live()
		m := s.Reading()
		require.True(t, m.Proven)
		require.Zero(t, m.Stalled)
		require.Equal(t, 1200*time.Millisecond, m.Probes.Before)
		require.LessOrEqual(t, s.probes.Load(), int64(12))
	})
}

// Who greets and closes is quicker than anybody can look. When the older ones can't accept any more it was the new generation.
func TestAnAnswerOfNobodyKnowsWhomCountsWhenNobodyElseCanAccept(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		s.by.Store(0)
		go func() {
			time.Sleep(300 * time.Millisecond)
			s.alone.Store(true)
		}()
		require.InDelta(t, 300*time.Millisecond, s.live(), float64(4*proveEvery))
		m := s.Reading()
		require.True(t, m.Proven)
		require.Positive(t, m.Probes.Unknown)
	})
}

func TestAProbeThatTakesLongHasOthersGoOnBesideIt(t *testing.T) {
	play(t, 50*time.Millisecond, func(s *scene) {
		time.Sleep(time.Second + 25*time.Millisecond) // between two probes
		before := s.probes.Load()
		s.by.Store(-1)
		time.Sleep(5 * time.Second)
		require.InDelta(t, 5, s.probes.Load()-before, 1, "one a second")
		require.Zero(t, s.Reading().Stalled, "nobody knows yet")
		require.InDelta(t, 4, s.Reading().Probes.Queued, 1)
		s.by.Store(1)
		time.Sleep(time.Second)
		require.Zero(t, s.Reading().Probes.Unanswered)
	})
}

func TestAProbeIsGivenUpAfterAWhile(t *testing.T) {
	for _, c := range []struct {
		answered time.Duration // before nobody accepts any more
		least    int           // are under way then
		most     int
	}{{time.Second + 25*time.Millisecond, 4, 11}, {0, 0, 2}} {
		play(t, 50*time.Millisecond, func(s *scene) {
			time.Sleep(c.answered)
			s.Enter(PhaseDuring)
			s.by.Store(-1)
			time.Sleep(time.Minute)
			given := s.Reading().Probes.Sent
			require.InDelta(t, s.probes.Load(), given, 2, "who has waited for a second is counted")
			s.Stop()
			<-s.Ended()
			require.GreaterOrEqual(t, len(s.underWay), c.least)
			require.LessOrEqual(t, len(s.underWay), c.most)
		})
	}
}

func TestAGaugeThatCostsTooMuchRests(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		var probes atomic.Int64
		with := measuring(toward(loopback), noQueue)
		with.Cost = func() time.Duration { return 20 * time.Millisecond }
		g := start(50*time.Millisecond, 2, with, func(context.Context, listen.Spec, func(int)) outcome {
			probes.Add(1)
			return answersAtOnce()
		})
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 51, probes.Load())
		g.Stop()
		<-g.Ended()
	})
}
