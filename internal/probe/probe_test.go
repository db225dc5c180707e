package probe

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStatusBelow400IsWell(t *testing.T) {
	for status, well := range map[int]bool{200: true, 204: true, 302: true, 399: true, 400: false, 404: false, 500: false, 503: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RequestURI() != "/healthz?deep=1" {
				status = http.StatusTeapot
			}
			w.Header().Set("Location", "http://192.0.2.1/") // not to be followed
			w.WriteHeader(status)
		}))
		err := HTTP(t.Context(), strings.TrimPrefix(server.URL, "http://"), "/healthz?deep=1", nil)
		server.Close()
		if well {
			require.NoError(t, err, status)
		} else {
			require.ErrorIs(t, err, ErrStatus, status)
		}
	}
}

func TestWhoDoesNotAnswerIsNotWell(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, HTTP(ctx, strings.TrimPrefix(server.URL, "http://"), "/", nil), context.DeadlineExceeded)
}

func TestAnAnswerThatBreaksOffIsNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("not a hundred"))
	}))
	defer server.Close()
	require.ErrorContains(t, HTTP(t.Context(), strings.TrimPrefix(server.URL, "http://"), "/", nil), "broke off")
}

func TestAProgramGetsTheHeadersThatItInsistsOn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		well := r.Host == "app.example" && r.Header.Get("X-Forwarded-Proto") == "https" && r.UserAgent() == "probe/1" &&
			strings.Join(r.Header.Values("X-A"), "|") == "b, c|d"
		if !well {
			w.WriteHeader(http.StatusMisdirectedRequest)
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	require.ErrorIs(t, HTTP(t.Context(), address, "/", nil), ErrStatus)
	require.NoError(t, HTTP(t.Context(), address, "/", []string{"host: app.example ", "x-forwarded-proto:https", "User-Agent: probe/1", "X-A: b, c", "X-A: d"}))
}
