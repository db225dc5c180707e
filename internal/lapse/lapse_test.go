package lapse

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestATimeIsAsLongAsItWasToBe(t *testing.T) {
	for _, d := range []time.Duration{-time.Second, 0, time.Nanosecond, 5 * time.Millisecond, 50 * time.Millisecond, time.Second + 1, 7 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			timer := NewTimer()
			timer.Reset(d)
			require.Equal(t, max(0, d), timer.Left())
			<-timer.C
			require.Equal(t, max(0, d), time.Since(began))
			require.True(t, timer.Rung())
			require.Zero(t, timer.Left())

			called := make(chan struct{})
			AfterFunc(d, func() { close(called) })
			<-called
			require.Equal(t, 2*max(0, d), time.Since(began))
		})
	}
}

func TestATimerIsStoppedAndResetAsOneOfPackageTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer := NewTimer()
		timer.Stop()
		timer.Reset(time.Second)
		time.Sleep(2 * time.Second)
		require.True(t, timer.Rung())
		timer.Stop()
		require.False(t, timer.Rung())
		require.Empty(t, timer.C, "what was not taken is taken back")

		timer.Reset(time.Minute)
		time.Sleep(59 * time.Second)
		require.Equal(t, time.Second, timer.Left())
		timer.Reset(time.Minute)
		time.Sleep(59 * time.Second)
		require.False(t, timer.Rung())
		timer.Stop()
		require.Zero(t, timer.Left())
		time.Sleep(time.Hour)
		require.False(t, timer.Rung())

		var called atomic.Bool
		AfterFunc(time.Minute, func() { called.Store(true) }).Stop()
		time.Sleep(time.Hour)
		require.False(t, called.Load())
	})
}

// standStill has the slice that runs end so late, as after a standstill.
func (t *Timer) standStill(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due = t.due.Add(-d)
}

func TestATimeIsNotOverBecauseTheProcessStoodStill(t *testing.T) {
	for _, d := range []time.Duration{50 * time.Millisecond, 8 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			timer := NewTimer()
			timer.Reset(d)
			began, slice := time.Now(), timer.slice
			for timer.Left() > slice {
				time.Sleep(slice)
				synctest.Wait()
			}
			timer.standStill(time.Hour) // in the last slice
			<-timer.C
			require.Equal(t, d+slice, time.Since(began), "a whole slice of time is left to read in")
		})
	}
}

// A machine that is so busy that each slice is late.
func TestATimeEndsAlsoWhereEverythingIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer := NewTimer()
		timer.Reset(time.Second)
		began := time.Now()
		for !timer.Rung() {
			timer.standStill(time.Second)
			time.Sleep(timer.slice)
			synctest.Wait()
		}
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestAContextEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := WithTimeout(t.Context(), time.Minute)
		defer cancel()
		derived, cancelDerived := context.WithCancel(ctx)
		defer cancelDerived()
		require.NoError(t, ctx.Err())
		<-derived.Done()
		require.Equal(t, time.Minute, time.Since(began))
		require.Equal(t, context.DeadlineExceeded, ctx.Err())
		require.Equal(t, context.DeadlineExceeded, context.Cause(derived))

		ctx, cancel = WithTimeout(t.Context(), time.Minute)
		cancel()
		<-ctx.Done()
		require.Equal(t, context.Canceled, ctx.Err())

		parent, cancelParent := context.WithCancel(t.Context())
		ctx, cancel = WithTimeout(parent, time.Minute)
		defer cancel()
		cancelParent()
		<-ctx.Done()
		require.Equal(t, context.Canceled, ctx.Err())
	})
}
