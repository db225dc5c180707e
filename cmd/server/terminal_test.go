package main

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASignalToHangUpIsTheTerminalsForAMomentOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		at := terminal{has: func() bool { return !gone.Load() }}
		stop := make(chan struct{})
		defer close(stop)
		at.attend(stop)
		time.Sleep(time.Hour)
		require.False(t, at.hungUp(), "it is there")

		time.AfterFunc(goingWithin/2, func() { gone.Store(true) })
		require.True(t, at.hungUp(), "it goes just after the signal")
		time.Sleep(hangUpWithin - goingWithin)
		require.True(t, at.hungUp(), "a shell passes it on")
		time.Sleep(time.Second)
		require.False(t, at.hungUp(), "somebody wants a reload of a rota that was left behind")
	})
}

func TestWhereThereIsNoTerminalNobodyHangsUp(t *testing.T) {
	at := terminal{has: func() bool { return false }}
	at.attend(nil)
	require.False(t, at.hungUp())
}
