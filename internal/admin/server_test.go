package admin

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A client that dawdles is cut at these, or it would hold a connection for ever.
func TestTheServerDoesNotWaitForClientsForEver(t *testing.T) {
	s := newServer(newFakeMaster())
	require.Equal(t, 5*time.Second, s.http.ReadHeaderTimeout)
	require.Equal(t, 10*time.Second, s.http.ReadTimeout)
	require.Equal(t, 30*time.Second, s.http.WriteTimeout)
	require.Equal(t, 60*time.Second, s.http.IdleTimeout)
	require.Equal(t, 64<<10, s.http.MaxHeaderBytes)
}
