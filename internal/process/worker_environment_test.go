package process

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
)

func TestServerStarterLeavesOutTheHostThatStandsForAny(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:80": "80", "[::]:80": "80", "127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "[::1]:80"} {
		s, err := listen.OpenSocket(listen.Spec{Name: "x", Network: "tcp", Address: strings.Replace(address, ":80", ":0", 1)})
		require.NoError(t, err)
		got := PassedSocket{s, "x"}.starterPort()
		address = s.Kernel.Address()
		port := address[strings.LastIndex(address, ":")+1:]
		require.Equal(t, strings.Replace(want, "80", port, 1), got)
		s.Close()
	}
}
