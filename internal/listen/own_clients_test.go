package listen

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAConnectionThatLastsIsRememberedWhateverElseIsMade(t *testing.T) {
	o := &OwnClients{}
	lasts := Client{Local: "127.0.0.1:1"}
	o.Add(lasts)
	o.Keep(lasts)
	for i := range 2 * keepOwn {
		o.Add(Client{Local: fmt.Sprint("another ", i)})
	}
	require.True(t, o.Has(lasts.Local))
	require.False(t, o.Has("another 0"))
}

func TestTheMastersOwnConnectionsAreKnownForAWhile(t *testing.T) {
	own := &OwnClients{}
	require.False(t, own.Has("127.0.0.1:1"))
	for i := range keepOwn + 1 {
		own.Add(Client{Local: "127.0.0.1:" + strconv.Itoa(i)})
	}
	require.False(t, own.Has("127.0.0.1:0"))
	require.True(t, own.Has("127.0.0.1:1"))
	require.True(t, own.Has("127.0.0.1:"+strconv.Itoa(keepOwn)))
	own.Add(Client{Local: "127.0.0.1:2"}) // once more
	own.Add(Client{Local: "127.0.0.1:x"})
	require.False(t, own.Has("127.0.0.1:1"))
	require.True(t, own.Has("127.0.0.1:2"))
}

func TestAListenerOnAnyAddressIsReachedAtLoopback(t *testing.T) {
	for a, want := range map[Spec]string{
		{Network: "tcp", Address: "0.0.0.0:80"}:              "127.0.0.1:80",
		{Network: "tcp", Address: "[::]:80"}:                 "127.0.0.1:80",
		{Network: "tcp", Address: "[::]:80", IPv6Only: true}: "[::1]:80",
		{Network: "tcp", Address: ":80"}:                     "127.0.0.1:80",
		{Network: "tcp", Address: "192.0.2.1:80"}:            "192.0.2.1:80",
		{Network: "tcp", Address: "[fe80::1%eth0]:80"}:       "[fe80::1%eth0]:80",
		{Network: "unix", Address: "/x:80"}:                  "/x:80",
		{Network: "unix", Address: "@x"}:                     "@x",
	} {
		require.Equal(t, want, a.Reachable())
	}
}
