package main

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
)

func TestTheAddressesBehindANameAreFound(t *testing.T) {
	defer func(before func(context.Context, string) ([]string, error)) { lookUpHost = before }(lookUpHost)
	lookUpHost = func(_ context.Context, host string) ([]string, error) {
		if host == "localhost" {
			return []string{"::1", "127.0.0.1", "127.0.0.1"}, nil
		}
		return nil, errors.New("no such host")
	}
	require.Equal(t, []string{"127.0.0.1", "::1"}, addressesBehind(t.Context(), "localhost:80"))
	for _, address := range []string{"127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", ":80", "nowhere:80", "none"} {
		require.Empty(t, addressesBehind(t.Context(), address), address)
	}
	list, problems := listen.ParseListen([]string{"localhost:80", "unix:/x", "udp:localhost:53"})
	require.Empty(t, problems)
	require.Equal(t, []string{"localhost:80", "localhost:53"}, hostNames(list))
}
