package admin

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestsWhoseBodyNeverComesMakeWayForNewOnes(t *testing.T) {
	t.Parallel()
	s := crowded(t, fewestGuests)
	for range fewestGuests {
		c := s.caller()
		_, err := fmt.Fprint(c, "POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		answer, err := http.Get(s.url + "/healthz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, 4*slowToAsk, slowToAsk/20)
}
