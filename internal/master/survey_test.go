package master

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/kernel"
	"rota/internal/plan"
	"rota/internal/record"
)

// surveyed is a pool of which every look at the processes is counted, and takes a while.
func surveyed(t *testing.T, workers int, test func(b *bench, looks *atomic.Int32)) {
	inBubble(t, plan.Spec{Workers: workers}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		var looks atomic.Int32
		b.observer.Looks.Families = func(workers []string) (map[string]kernel.Family, error) {
			looks.Add(1)
			time.Sleep(30 * time.Millisecond)
			families := map[string]kernel.Family{}
			for _, id := range workers {
				families[id] = kernel.Family{}
			}
			return families, nil
		}
		test(b, &looks)
	})
}

// However many list the connections at once, the kernel is asked twice at most: those who came while a look was
// under way share the next, so that nobody is told what was true only before.
func TestAllWhoListConnectionsAtOnceShareALook(t *testing.T) {
	surveyed(t, 2, func(b *bench, looks *atomic.Int32) {
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				listing, err := b.Connections()
				require.NoError(b.t, err)
				require.Len(b.t, listing.Families, 2)
			})
		}
		group.Wait()
		require.Contains(b.t, []int32{1, 2}, looks.Load())

		looks.Store(0)
		began := time.Now()
		for range 10 {
			_, err := b.Connections()
			require.NoError(b.t, err)
		}
		require.EqualValues(b.t, 10, looks.Load(), "what was seen before somebody asked is not told")
		require.Greater(b.t, time.Since(began), 500*time.Millisecond, "callers leave the kernel alone for half of the time")
	})
}

// A look at the processes takes as long as there are workers, so that one for each would cost their square.
func TestAllWorkersThatAreToldToStopAtOnceShareALook(t *testing.T) {
	surveyed(t, 50, func(b *bench, looks *atomic.Int32) {
		_, err := b.ScaleTo(1)
		require.NoError(b.t, err)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		status, err := b.Status()
		require.NoError(b.t, err)
		require.Len(b.t, status.Workers, 1)
		require.Less(b.t, looks.Load(), int32(25))
	})
}

// Nobody saw what the worker had, so nobody knows how much of that ended by itself.
func TestWhatDrainedUnseenIsSaidToBeUnknown(t *testing.T) {
	inBubble(t, plan.Spec{Workers: 1}, soon(time.Second), func(b *bench) {
		time.Sleep(2 * time.Second)
		b.blind.Store(true)
		require.True(t, b.wait(b.askReload().ID, record.ReloadCompleted).DrainedUnknown)
		b.blind.Store(false)
		seen := b.wait(b.askReload().ID, record.ReloadCompleted)
		require.False(t, seen.DrainedUnknown)
		require.Equal(t, 2, seen.Drained)
	})
}
