package admin

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A wait takes its place before the reload is asked for, so that nobody is refused with half of the answer.
func TestRequestsThatWaitAreBounded(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	s.waits.taken = make(chan struct{}, 1)
	s.waits.taken <- struct{}{}
	a := do(t, s, "POST", "/reload?wait=live", "")
	require.Contains(t, a.problem(http.StatusServiceUnavailable, "")["detail"], "1 requests wait for a reload")
	require.Equal(t, "1", a.Header().Get("Retry-After"))
	require.Empty(t, f.requests)
	do(t, s, "POST", "/reload", "").is(http.StatusAccepted)
	get(t, s, "/reloads/"+f.newest()+"?wait=live").problem(http.StatusServiceUnavailable, "")
	get(t, s, "/reloads/"+f.newest()).is(http.StatusOK)
}
