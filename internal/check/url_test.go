package check

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/listen"
	"rota/internal/master"
	"rota/internal/record"
)

func TestAURLThatLeadsToAListenerIsAskedOfTheWorkers(t *testing.T) {
	h := open(t, "tcp", "127.0.0.1:0")
	h.worker("a", says(200))
	h.worker("b", says(500))
	r := Run(t.Context(), h.round("http://localhost:"+h.port()+"/up", false, "a", "b"))
	require.Equal(t, "b", r.Worker)
	require.Contains(t, r.Message, "GET http://localhost:"+h.port()+"/up was answered with 500")
}

func (h *house) port() string {
	return h.listener.Address[strings.LastIndex(h.listener.Address, ":")+1:]
}

// Whose answers those are is unknown, so it must be impossible that they are an older worker's.
func TestAURLThatLeadsElsewhereIsAskedOnlyWhenItIsLive(t *testing.T) {
	var asked atomic.Int32
	status := http.StatusOK
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Location", "http://192.0.2.1/") // not to be followed
		w.WriteHeader(status)
	}))
	defer elsewhere.Close()
	h := open(t, "tcp", "127.0.0.1:0")
	require.Equal(t, record.Result{OK: true}, Run(t.Context(), h.round(elsewhere.URL, false, "a")))
	require.Zero(t, asked.Load())
	status = http.StatusFound
	require.Equal(t, record.Result{OK: true, Passed: 1}, Run(t.Context(), h.round(elsewhere.URL, true, "a")))
	require.EqualValues(t, 1, asked.Load())
	status = http.StatusBadGateway
	require.Equal(t, "GET "+elsewhere.URL+" was answered with 502 Bad Gateway", Run(t.Context(), h.round(elsewhere.URL, true, "a")).Message)
	elsewhere.Close()
	require.Contains(t, Run(t.Context(), h.round(elsewhere.URL, true, "a")).Message, "connection refused")
}

func TestACertificateThatNobodyVouchesForIsABadAnswer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	h := open(t, "tcp", "127.0.0.1:0")
	require.Contains(t, Run(t.Context(), h.round(server.URL, true)).Message, "certificate")
	h.listener.Address = strings.TrimPrefix(server.URL, "https://") // as if it were the workers' own
	round := h.round(server.URL, true)
	round.Holders = nobodyKnows
	require.Contains(t, Run(t.Context(), round).Message, "certificate")
}

func TestAPasswordInAURLIsNotShown(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	target := strings.Replace(server.URL, "://", "://me:secret@", 1)
	h := open(t, "tcp", "127.0.0.1:0")
	r := Run(t.Context(), h.round(target, true))
	require.Contains(t, r.Message, "404")
	require.NotContains(t, r.Message+r.Check, "secret")
}

func TestWhichURLsLeadToAListener(t *testing.T) {
	for listener, urls := range map[string]map[string]bool{
		"0.0.0.0:80":     {"http://127.0.0.1": true, "http://127.0.0.2:80/x": true, "http://localhost": true, "http://localhost:81": false, "https://localhost": false, "http://example.com": false, "http://192.0.2.1": false},
		"127.0.0.1:443":  {"https://127.0.0.1": true, "https://localhost/": true, "https://127.0.0.2": false, "http://127.0.0.1": false},
		"192.0.2.1:8080": {"http://192.0.2.1:8080": true, "http://localhost:8080": false},
		"[::]:80":        {"http://[::1]/": true, "http://127.0.0.1": true, "http://[2001:db8::1]/": false},
	} {
		r := &round{Round: master.Round{Listeners: []listen.Spec{{Network: "tcp", Address: listener}}}}
		for text, leads := range urls {
			u, err := url.Parse(text)
			require.NoError(t, err)
			_, ok := r.listenerOf(u)
			require.Equal(t, leads, ok, "%s to %s", text, listener)
		}
	}
}
