package check

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the headers hold may be a secret between rota and its workers.
func TestWorkersGetTheHeadersAndNobodyElseDoes(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", func(c net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return // it was not asked, after all
		}
		status := http.StatusMisdirectedRequest
		if request.Host == "app.example" && request.Header.Get("Authorization") == "Bearer x" {
			status = http.StatusOK
		}
		fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", status, http.StatusText(status))
	})
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "app.example" || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusMisdirectedRequest)
		}
	}))
	defer elsewhere.Close()
	for _, check := range []string{"http:/up", "http://localhost:" + h.port() + "/up", elsewhere.URL} {
		round := h.round(check, true, "a")
		round.Headers = []string{"Host: app.example", "Authorization: Bearer x"}
		result := Run(t.Context(), round)
		require.True(t, result.OK, result.Message)
		require.Equal(t, 1, result.Passed)
	}
	require.False(t, Run(t.Context(), h.round("http:/up", true, "a")).OK, "without them")
}
