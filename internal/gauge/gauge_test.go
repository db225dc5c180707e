package gauge

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/listen"
	"rota/internal/record"
)

func noQueue() (map[string]kernel.Queue, error) { return nil, nil }

func noLosses() (uint64, uint64, error) { return 0, 0, nil }

func toward(list ...listen.Spec) func() []listen.Spec {
	return func() []listen.Spec { return list }
}

// measuring is for listeners that this process serves.
func measuring(endpoints func() []listen.Spec, queues func() (map[string]kernel.Queue, error)) Instruments {
	nobody := func(uint64) (int, bool) { return 0, true }
	return Instruments{Endpoints: endpoints, Queues: queues, Counters: noLosses, Own: &listen.OwnClients{}, Generation: nobody}
}

// gauging starts a gauge of real connections that ends with the test.
func gauging(t testing.TB, queues func() (map[string]kernel.Queue, error), at ...listen.Spec) *Gauge {
	t.Helper()
	g := New(time.Millisecond, 2, measuring(toward(at...), queues))
	t.Cleanup(func() { g.Stop(); <-g.Ended() })
	return g
}

// until waits for a reading.
func (g *Gauge) until(t testing.TB, enough func(record.Measured) bool) record.Measured {
	t.Helper()
	require.Eventually(t, func() bool { return enough(g.Reading()) }, patience, time.Millisecond)
	return g.Reading()
}

func TestAGaugeTellsEveryFateFromTheOthers(t *testing.T) {
	t.Parallel()
	served := host(t, "tcp", "127.0.0.1:0", readsToTheEnd)
	broken := host(t, "tcp", "127.0.0.1:0", resets)
	silent, _ := unattended(t, "tcp", "127.0.0.1:0")
	closed, ln := unattended(t, "tcp", "127.0.0.1:0")
	ln.Close()
	datagrams := listen.Spec{Network: "udp", Address: served.Address}
	g := gauging(t, noQueue, served, broken, datagrams, silent, closed)
	g.Enter(PhaseDuring) // the first ones are waited for much longer
	m := g.until(t, func(m record.Measured) bool { return m.Probes.Refused > 1 && m.Probes.Unanswered > 0 })
	p := m.Probes
	require.Equal(t, p.Sent, p.OK+p.Refused+p.Reset+p.Unanswered)
	require.GreaterOrEqual(t, min(p.OK, p.Refused, p.Reset), 2)
	require.Equal(t, p.Unanswered, p.Queued)
	require.Positive(t, p.Slowest)
	require.Less(t, p.Slowest, shortTimeout, "those that were not answered have no time")
}

func TestAGaugeSeesHowManyWait(t *testing.T) {
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	at := endpointOf(t, ln)
	g := gauging(t, func() (map[string]kernel.Queue, error) { return kernel.AcceptQueues([]kernel.Listener{at}) }, a)
	for range 3 {
		c, err := net.Dial("tcp", a.Address)
		require.NoError(t, err)
		defer c.Close()
	}
	g.until(t, func(m record.Measured) bool { return m.DeepestQueue >= 3 })
}

func TestAGaugeTellsWhatTheKernelHasCountedSince(t *testing.T) {
	var overflows, drops atomic.Uint64
	var broken atomic.Bool
	overflows.Store(100)
	drops.Store(200)
	with := measuring(toward(), noQueue)
	with.Counters = func() (uint64, uint64, error) {
		if broken.Load() {
			return 0, 0, errors.New("no such file")
		}
		return overflows.Load(), drops.Load(), nil
	}
	g := New(0, 2, with)
	defer func() { g.Stop(); <-g.Ended() }()
	require.Equal(t, record.Measured{CountersKnown: true}, g.Reading())
	overflows.Add(3)
	drops.Add(4)
	require.Equal(t, record.Measured{Overflows: 3, Drops: 4, CountersKnown: true}, g.Reading(), "at once")
	drops.Store(7)
	require.Zero(t, g.Reading().Drops, "it can't have become less")
	broken.Store(true)
	require.False(t, g.Reading().CountersKnown)
}

// inTime runs a gauge in a bubble, whose probes end as they are told to, and are counted.
func inTime(t *testing.T, interval time.Duration, endpoints func() []listen.Spec, probe func() outcome, test func(*Gauge, *atomic.Int64)) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var probes atomic.Int64
		g := start(interval, 2, measuring(endpoints, noQueue), func(context.Context, listen.Spec, func(int)) outcome {
			probes.Add(1)
			return probe()
		})
		synctest.Wait()
		test(g, &probes)
		g.Stop()
		<-g.Ended()
	})
}

func answersAtOnce() outcome { return outcome{result: answered, took: time.Millisecond} }

func TestAGaugeProbesAtOnceAndThenAtIntervals(t *testing.T) {
	inTime(t, 50*time.Millisecond, toward(loopback), answersAtOnce, func(g *Gauge, probes *atomic.Int64) {
		require.EqualValues(t, 1, probes.Load())
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 21, probes.Load())
		g.Slow()
		time.Sleep(time.Second) // the pause that has begun is a short one still
		synctest.Wait()
		require.EqualValues(t, 22, probes.Load())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 32, probes.Load())
		g.Fast()
		synctest.Wait()
		require.EqualValues(t, 33, probes.Load(), "going back can't wait a second")
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 53, probes.Load())
	})
}

func TestAGaugeWithoutProbesStillLooksAtTheQueues(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		g := New(0, 2, measuring(toward(loopback), func() (map[string]kernel.Queue, error) {
			return map[string]kernel.Queue{"tcp": {Depth: 7}}, nil
		}))
		synctest.Wait()
		require.Equal(t, record.Measured{DeepestQueue: 7, CountersKnown: true}, g.Reading())
		g.Stop()
		<-g.Ended()
	})
}

func TestAGaugeLooksAtTheQueuesWhileAProbeTakesLong(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		var looks atomic.Uint32
		with := measuring(toward(loopback), func() (map[string]kernel.Queue, error) {
			return map[string]kernel.Queue{"tcp": {Depth: looks.Add(1)}}, nil
		})
		g := start(time.Hour, 2, with, func(ctx context.Context, _ listen.Spec, _ func(int)) outcome {
			<-ctx.Done()
			return outcome{result: unanswered}
		})
		time.Sleep(shortTimeout)
		synctest.Wait()
		require.InDelta(t, 20, g.Reading().DeepestQueue, 1)
		g.Stop()
		<-g.Ended()
	})
}

// A probe that meets a listener at the moment when it is given up is turned away, which is no loss.
func TestAListenerThatIsGivenUpMeanwhileProvesNothing(t *testing.T) {
	var gone atomic.Bool
	endpoints := func() []listen.Spec {
		if gone.Load() {
			return nil
		}
		return []listen.Spec{loopback}
	}
	turnedAway := func() outcome { gone.Store(true); return outcome{result: refused} }
	inTime(t, time.Second, endpoints, turnedAway, func(g *Gauge, _ *atomic.Int64) {
		require.Zero(t, g.Reading().Probes.Sent)
	})
	stays := func() outcome { return outcome{result: refused} }
	inTime(t, time.Second, toward(loopback), stays, func(g *Gauge, _ *atomic.Int64) {
		require.Equal(t, record.Probes{Sent: 1, Refused: 1}, g.Reading().Probes)
	})
}

func TestAProbeThatCannotBeMadeIsNotCounted(t *testing.T) {
	lacking := func() outcome { return outcome{result: notMade} }
	inTime(t, time.Second, toward(loopback), lacking, func(g *Gauge, _ *atomic.Int64) {
		require.Zero(t, g.Reading().Probes)
	})
}

func TestStoppingAGaugeWaitsForNothing(t *testing.T) {
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	at := endpointOf(t, ln)
	g := New(time.Millisecond, 2, measuring(toward(a), noQueue))
	queued(t, at, 1)
	g.Stop()
	<-g.Ended()
	require.Zero(t, g.Reading().Probes, "it was not given its time")
}

func TestAGaugeMayBeReadFromAnywhere(t *testing.T) {
	t.Parallel()
	g := gauging(t, noQueue, host(t, "tcp", "127.0.0.1:0", readsToTheEnd))
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := 0; last < 10; {
				now := g.Reading().Probes.Sent
				if now < last {
					t.Error("it went back")
					return
				}
				last = now
				g.Slow()
				g.Fast()
			}
		})
	}
	readers.Wait()
}

// BenchmarkProbe is what one probe costs this process: the greeter is another one.
func BenchmarkProbe(b *testing.B) {
	for _, network := range []string{"tcp", "unix"} {
		b.Run(network, func(b *testing.B) {
			a, at := elsewhere(b, network)
			endpoints := []kernel.Listener{at}
			own := &listen.OwnClients{}
			began := processorTime(b)
			for b.Loop() {
				_, err := kernel.AcceptQueues(endpoints)
				require.NoError(b, err)
				require.Equal(b, answered, probeOnce(b.Context(), a, own).result)
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(time.Microsecond)/float64(b.N), "cpu-µs/op")
		})
	}
}

// elsewhere is a listener that another process serves.
func elsewhere(b *testing.B, network string) (listen.Spec, kernel.Listener) {
	b.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = b.TempDir() + "/x.sock"
	}
	a, ln := unattended(b, network, address)
	file, err := ln.(interface{ File() (*os.File, error) }).File()
	require.NoError(b, err)
	defer file.Close()
	greeter := exec.Command("/proc/self/exe", "greets-at-3")
	greeter.ExtraFiles = []*os.File{file}
	require.NoError(b, greeter.Start())
	b.Cleanup(func() {
		require.NoError(b, greeter.Process.Kill())
		_ = greeter.Wait()
	})
	return a, endpointOf(b, ln)
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
