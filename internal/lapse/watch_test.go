package lapse

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWatchMeasuresAllTimeButStandstills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := StartWatch()
		defer w.Stop()
		require.Zero(t, w.Took())
		time.Sleep(3*time.Second + time.Millisecond)
		require.Equal(t, 3*time.Second+time.Millisecond, w.Took())
		w.standStill(time.Hour)
		require.InDelta(t, 3*time.Second, w.Took(), float64(lateBy), "before it has looked")
		time.Sleep(time.Second)
		require.InDelta(t, 4*time.Second, w.Took(), float64(lateBy))
	})
}

// A machine that is so busy that everything is late has time all the same.
func TestAWatchOnABusyMachineGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := StartWatch()
		defer w.Stop()
		for range 10 {
			w.standStill(time.Second)
			time.Sleep(watchEvery)
			synctest.Wait()
		}
		require.Greater(t, w.Took(), 5*time.Second)
	})
}

// standStill has time pass in which the watch could not look.
func (w *Watch) standStill(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began, w.due = w.began.Add(-d), w.due.Add(-d)
}
