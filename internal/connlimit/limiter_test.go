package connlimit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// caller is a client with a connection of its own.
type caller struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (s *server) caller() *caller {
	s.t.Helper()
	c, err := net.Dial("tcp", s.url[len("http://"):])
	require.NoError(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	require.NoError(s.t, c.SetDeadline(time.Now().Add(10*time.Second)))
	return &caller{s.t, c, bufio.NewReader(c)}
}

func (c *caller) ask(request string) *http.Response {
	c.t.Helper()
	_, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", request)
	require.NoError(c.t, err)
	answer, err := http.ReadResponse(c.r, nil)
	require.NoError(c.t, err)
	return answer
}

func (c *caller) asks(request string, status int) {
	c.t.Helper()
	answer := c.ask(request)
	_, err := io.Copy(io.Discard, answer.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, status, answer.StatusCode)
}

// stays opens an event stream.
func (c *caller) stays() {
	c.t.Helper()
	require.Equal(c.t, http.StatusOK, c.ask("GET /events").StatusCode)
}

func (c *caller) isClosed() {
	c.t.Helper()
	_, err := c.r.ReadByte()
	require.Error(c.t, err)
	require.NotErrorIs(c.t, err, net.ErrClosed)
	require.NotErrorIs(c.t, err, os.ErrDeadlineExceeded, "it is still open")
}

// server is an HTTP server behind a limiter. It answers /healthz, takes POST /reload, and keeps /events and
// waits open where they may stay.
type server struct {
	t   *testing.T
	l   *Limiter
	url string
}

// reserve is what a request that stays leaves in these tests.
const reserve = 32

func serve(t *testing.T, l *Limiter) *server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.RawQuery != "" && !l.MayStay(r, Fewest, reserve) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	staying := make(chan struct{}, 100)
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		if !l.MayStay(r, len(staying), reserve) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		staying <- struct{}{}
		defer func() { <-staying }()
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	web := &http.Server{Handler: l.Handler(mux), ConnState: l.ConnState, ConnContext: l.ConnContext, ReadHeaderTimeout: time.Minute}
	go func() { _ = web.Serve(l.Listener(inner)) }()
	t.Cleanup(func() { web.Close() })
	return &server{t, l, "http://" + inner.Addr().String()}
}

func limited(t *testing.T, most int) *server {
	t.Helper()
	return serve(t, New(most, func() []byte { return []byte(`{"detail":"too many connections"}`) }, zerolog.Nop()))
}

func TestIdleConnectionsMakeWayForNewOnes(t *testing.T) {
	s := limited(t, 10)
	var idle []*caller
	for range 10 {
		c := s.caller()
		c.asks("GET /healthz", http.StatusOK)
		awaitIdle(t, s)
		idle = append(idle, c)
	}
	idle[0].asks("GET /healthz", http.StatusOK) // the second is now the one that has been quiet for the longest
	awaitIdle(t, s)
	s.caller().asks("GET /healthz", http.StatusOK)
	idle[1].isClosed()
	awaitIdle(t, s)
	s.caller().asks("POST /reload", http.StatusAccepted)
	idle[2].isClosed()
	idle[0].asks("GET /healthz", http.StatusOK)
}

func TestConnectionsThatNeverAskMakeWayForNewOnes(t *testing.T) {
	s := limited(t, 10)
	var silent []*caller
	for range 10 {
		c := s.caller()
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\n") // and no more
		require.NoError(t, err)
		silent = append(silent, c)
	}
	awaitConns(t, s, 10)
	s.l.mu.Lock()
	for _, g := range s.l.conns {
		g.since = g.since.Add(-slowToAsk)
	}
	s.l.mu.Unlock()
	s.caller().asks("GET /healthz", http.StatusOK)
	silent[0].isClosed()
}

// awaitIdle waits until the server has done with all that the clients have got their answers for.
func awaitIdle(t *testing.T, s *server) {
	t.Helper()
	require.Eventually(t, func() bool { return busy(s) == 0 }, 10*time.Second, time.Millisecond)
}

func awaitConns(t *testing.T, s *server, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.l.mu.Lock()
		defer s.l.mu.Unlock()
		return len(s.l.conns) == n
	}, 10*time.Second, time.Millisecond)
}

func TestBusyConnectionsAreNotClosedAndWhoComesThenIsTold(t *testing.T) {
	s := limited(t, 10)
	var busy []*caller
	for range 10 {
		c := s.caller()
		c.stays()
		busy = append(busy, c)
	}
	answer := s.caller().ask("GET /healthz")
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Equal(t, "1", answer.Header.Get("Retry-After"))
	require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
	var p map[string]any
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&p))
	require.Contains(t, p["detail"], "too many connections")
	busy[3].Close()
	awaitConns(t, s, 9)
	s.caller().asks("GET /healthz", http.StatusOK)
}

// However many connections there might be, the master keeps descriptors for itself.
func TestConnectionsLeaveTheMasterDescriptors(t *testing.T) {
	l := New(100, func() []byte { return []byte("{}") }, zerolog.Nop())
	l.files = func() (int, int) { return 0, 0 } // so that none is left
	at := serve(t, l)
	for range Fewest / 2 {
		at.caller().stays()
	}
	rest := Fewest / 2
	var idle []*caller
	for range 3 * rest {
		c := at.caller()
		c.asks("GET /events", http.StatusServiceUnavailable)
		c.asks("GET /healthz", http.StatusOK)
		require.Eventually(t, func() bool { return busy(at) == Fewest-rest }, 10*time.Second, time.Millisecond)
		idle = append(idle, c)
	}
	for _, c := range idle[:2*rest] {
		c.isClosed()
	}
	c := at.caller()
	c.asks("POST /reload?wait=live", http.StatusServiceUnavailable)
	c.asks("POST /reload", http.StatusAccepted)
	awaitConns(t, at, Fewest)
}

func busy(s *server) (n int) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	for _, g := range s.l.conns {
		if g.busy {
			n++
		}
	}
	return n
}

func TestTheLastDescriptorsAreForShortRequests(t *testing.T) {
	l := New(100, nil, zerolog.Nop())
	request := func(spare int) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/events", nil)
		return r.WithContext(context.WithValue(r.Context(), connKey{}, &conn{spare: spare}))
	}
	require.True(t, l.MayStay(request(reserve), 500, reserve))
	require.False(t, l.MayStay(request(reserve-1), 500, reserve))
	require.True(t, l.MayStay(request(-1), 0, reserve), "a few always may")
	for limit, kept := range map[int]int{64: 32, 100: 32, 400: 100, 1024: 256, 1 << 20: 256} {
		l.files = func() (int, int) { return 10, limit }
		require.Equal(t, limit-kept-10, l.spare())
	}
}

func TestRequestsWhoseBodyNeverComesMakeWayForNewOnes(t *testing.T) {
	t.Parallel()
	s := limited(t, Fewest)
	for range Fewest {
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
