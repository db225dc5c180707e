package master

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
)

func noQueue() (uint32, error) { return 0, nil }

func noLosses() (uint64, uint64, error) { return 0, 0, nil }

func toward(list ...ListenAddress) func() []ListenAddress {
	return func() []ListenAddress { return list }
}

// measuring is for listeners that this process serves.
func measuring(endpoints func() []ListenAddress, queues func() (uint32, error)) instruments {
	own := &ownClients{}
	return instruments{endpoints: endpoints, queues: queues, counters: noLosses,
		knock: func(ctx context.Context, a ListenAddress, _ func(holder)) knocked { return knock(ctx, a, own) }}
}

// gauging starts a gauge of real connections that ends with the test.
func gauging(t testing.TB, queues func() (uint32, error), at ...ListenAddress) *gauge {
	t.Helper()
	g := newGauge(time.Millisecond, 2, measuring(toward(at...), queues))
	t.Cleanup(func() { g.stop(); <-g.ended })
	return g
}

// until waits for a reading.
func (g *gauge) until(t testing.TB, enough func(Measured) bool) Measured {
	t.Helper()
	require.Eventually(t, func() bool { return enough(g.reading()) }, patience, time.Millisecond)
	return g.reading()
}

func TestAGaugeTellsEveryFateFromTheOthers(t *testing.T) {
	t.Parallel()
	served := host(t, "tcp", "127.0.0.1:0", readsToTheEnd)
	broken := host(t, "tcp", "127.0.0.1:0", resets)
	silent, _ := unattended(t, "tcp", "127.0.0.1:0")
	closed, ln := unattended(t, "tcp", "127.0.0.1:0")
	ln.Close()
	datagrams := ListenAddress{Network: "udp", Address: served.Address}
	g := gauging(t, noQueue, served, broken, datagrams, silent, closed)
	g.enter(phaseDuring) // the first ones are waited for much longer
	m := g.until(t, func(m Measured) bool { return m.Probes.Refused > 1 && m.Probes.Unanswered > 0 })
	p := m.Probes
	require.Equal(t, p.Sent, p.OK+p.Refused+p.Reset+p.Unanswered)
	require.GreaterOrEqual(t, min(p.OK, p.Refused, p.Reset), 2)
	require.Equal(t, p.Unanswered, p.Queued)
	require.Positive(t, p.Slowest)
	require.Less(t, p.Slowest, knockTimeout, "those that were not answered have no time")
}

func TestAGaugeSeesHowManyWait(t *testing.T) {
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	at := endpointOf(t, ln)
	g := gauging(t, func() (uint32, error) {
		queues, err := kernel.AcceptQueues([]kernel.Listener{at})
		return queues[at.Name].Depth, err
	}, a)
	for range 3 {
		c, err := net.Dial("tcp", a.Address)
		require.NoError(t, err)
		defer c.Close()
	}
	g.until(t, func(m Measured) bool { return m.DeepestQueue >= 3 })
}

func TestAGaugeTellsWhatTheKernelHasCountedSince(t *testing.T) {
	var overflows, drops atomic.Uint64
	var broken atomic.Bool
	overflows.Store(100)
	drops.Store(200)
	with := measuring(toward(), noQueue)
	with.counters = func() (uint64, uint64, error) {
		if broken.Load() {
			return 0, 0, errors.New("no such file")
		}
		return overflows.Load(), drops.Load(), nil
	}
	g := newGauge(0, 2, with)
	defer func() { g.stop(); <-g.ended }()
	require.Equal(t, Measured{CountersKnown: true}, g.reading())
	overflows.Add(3)
	drops.Add(4)
	require.Equal(t, Measured{Overflows: 3, Drops: 4, CountersKnown: true}, g.reading(), "at once")
	drops.Store(7)
	require.Zero(t, g.reading().Drops, "it can't have become less")
	broken.Store(true)
	require.False(t, g.reading().CountersKnown)
}

// inTime runs a gauge in a bubble, whose probes end as they are told to, and are counted.
func inTime(t *testing.T, interval time.Duration, endpoints func() []ListenAddress, knock func() knocked, test func(*gauge, *atomic.Int64)) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var probes atomic.Int64
		with := measuring(endpoints, noQueue)
		with.knock = func(context.Context, ListenAddress, func(holder)) knocked { probes.Add(1); return knock() }
		g := newGauge(interval, 2, with)
		synctest.Wait()
		test(g, &probes)
		g.stop()
		<-g.ended
	})
}

func answersAtOnce() knocked { return knocked{how: knockAnswered, took: time.Millisecond} }

func TestAGaugeProbesAtOnceAndThenAtIntervals(t *testing.T) {
	inTime(t, 50*time.Millisecond, toward(loopback), answersAtOnce, func(g *gauge, probes *atomic.Int64) {
		require.EqualValues(t, 1, probes.Load())
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 21, probes.Load())
		g.slow()
		time.Sleep(time.Second) // the pause that has begun is a short one still
		synctest.Wait()
		require.EqualValues(t, 22, probes.Load())
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 32, probes.Load())
		g.fast()
		synctest.Wait()
		require.EqualValues(t, 33, probes.Load(), "going back can't wait a second")
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 53, probes.Load())
	})
}

func TestAGaugeWithoutProbesStillLooksAtTheQueues(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		g := newGauge(0, 2, measuring(toward(loopback), func() (uint32, error) { return 7, nil }))
		synctest.Wait()
		require.Equal(t, Measured{DeepestQueue: 7, CountersKnown: true}, g.reading())
		g.stop()
		<-g.ended
	})
}

func TestAGaugeLooksAtTheQueuesWhileAProbeTakesLong(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		var looks atomic.Uint32
		with := measuring(toward(loopback), func() (uint32, error) { return looks.Add(1), nil })
		with.knock = func(ctx context.Context, _ ListenAddress, _ func(holder)) knocked {
			<-ctx.Done()
			return knocked{how: knockUnanswered}
		}
		g := newGauge(time.Hour, 2, with)
		time.Sleep(knockTimeout)
		synctest.Wait()
		require.InDelta(t, 20, g.reading().DeepestQueue, 1)
		g.stop()
		<-g.ended
	})
}

// Whoever knocks at a listener in the moment in which it is given up is turned away, and comes to no harm.
func TestAListenerThatIsGivenUpMeanwhileProvesNothing(t *testing.T) {
	var gone atomic.Bool
	endpoints := func() []ListenAddress {
		if gone.Load() {
			return nil
		}
		return []ListenAddress{loopback}
	}
	refused := func() knocked { gone.Store(true); return knocked{how: knockRefused} }
	inTime(t, time.Second, endpoints, refused, func(g *gauge, _ *atomic.Int64) {
		require.Zero(t, g.reading().Probes.Sent)
	})
	stays := func() knocked { return knocked{how: knockRefused} }
	inTime(t, time.Second, toward(loopback), stays, func(g *gauge, _ *atomic.Int64) {
		require.Equal(t, Probes{Sent: 1, Refused: 1}, g.reading().Probes)
	})
}

func TestAProbeThatCannotBeMadeIsNotCounted(t *testing.T) {
	lacking := func() knocked { return knocked{how: knockNotMade} }
	inTime(t, time.Second, toward(loopback), lacking, func(g *gauge, _ *atomic.Int64) {
		require.Zero(t, g.reading().Probes)
	})
}

func TestStoppingAGaugeWaitsForNothing(t *testing.T) {
	a, ln := unattended(t, "tcp", "127.0.0.1:0")
	at := endpointOf(t, ln)
	g := newGauge(time.Millisecond, 2, measuring(toward(a), noQueue))
	queued(t, at, 1)
	g.stop()
	<-g.ended
	require.Zero(t, g.reading().Probes, "it was not given its time")
}

func TestAGaugeMayBeReadFromAnywhere(t *testing.T) {
	t.Parallel()
	g := gauging(t, noQueue, host(t, "tcp", "127.0.0.1:0", readsToTheEnd))
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := 0; last < 10; {
				now := g.reading().Probes.Sent
				if now < last {
					t.Error("it went back")
					return
				}
				last = now
				g.slow()
				g.fast()
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
			with := measuring(toward(a), func() (uint32, error) {
				queues, err := kernel.AcceptQueues(endpoints)
				return queues[at.Name].Depth, err
			})
			began := processorTime(b)
			for b.Loop() {
				_, err := with.queues()
				require.NoError(b, err)
				require.Equal(b, knockAnswered, with.knock(b.Context(), a, nil).how)
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(time.Microsecond)/float64(b.N), "cpu-µs/op")
		})
	}
}

// elsewhere is a listener that another process serves.
func elsewhere(b *testing.B, network string) (ListenAddress, kernel.Listener) {
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
