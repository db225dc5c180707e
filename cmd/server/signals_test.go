package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnOrderToStopIsImpatientOnlyAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var orders stopOrders
		require.Equal(t, drain, orders.next())
		require.Equal(t, echo, orders.next())
		time.Sleep(echoWithin - 1)
		require.Equal(t, echo, orders.next(), "it counts from the first one")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, now, orders.next())
	})
}
