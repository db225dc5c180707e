package admin

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

func (s *site) caller() *caller {
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

func crowded(t *testing.T, most int) *site {
	s := newServer(newFakeMaster())
	s.crowd.most = most
	return serve(t, s)
}

func TestIdleConnectionsMakeWayForNewOnes(t *testing.T) {
	s := crowded(t, 10)
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
	s := crowded(t, 10)
	var silent []*caller
	for range 10 {
		c := s.caller()
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\n") // and no more
		require.NoError(t, err)
		silent = append(silent, c)
	}
	awaitGuests(t, s, 10)
	s.crowd.mu.Lock()
	for _, g := range s.crowd.guests {
		g.since = g.since.Add(-slowToAsk)
	}
	s.crowd.mu.Unlock()
	s.caller().asks("GET /healthz", http.StatusOK)
	silent[0].isClosed()
}

// awaitIdle waits until the server has done with all that the clients have got their answers for.
func awaitIdle(t *testing.T, s *site) {
	t.Helper()
	require.Eventually(t, func() bool { return busy(s.Server) == 0 }, 10*time.Second, time.Millisecond)
}

func awaitGuests(t *testing.T, s *site, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.crowd.mu.Lock()
		defer s.crowd.mu.Unlock()
		return len(s.crowd.guests) == n
	}, 10*time.Second, time.Millisecond)
}

func TestBusyConnectionsAreNotClosedAndWhoComesThenIsTold(t *testing.T) {
	s := crowded(t, 10)
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
	var p object
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&p))
	require.Contains(t, p["detail"], "too many connections")
	busy[3].Close()
	awaitGuests(t, s, 9)
	s.caller().asks("GET /healthz", http.StatusOK)
}

// However many connections there might be, the master keeps descriptors for itself.
func TestConnectionsLeaveTheMasterDescriptors(t *testing.T) {
	s := newServer(newFakeMaster())
	s.crowd.files = func() (int, int) { return 0, 0 } // so that none is left
	at := serve(t, s)
	for range fewestGuests / 2 {
		at.caller().stays()
	}
	rest := fewestGuests / 2
	var idle []*caller
	for range 3 * rest {
		c := at.caller()
		c.asks("GET /events", http.StatusServiceUnavailable)
		c.asks("GET /healthz", http.StatusOK)
		require.Eventually(t, func() bool { return busy(s) == fewestGuests-rest }, 10*time.Second, time.Millisecond)
		idle = append(idle, c)
	}
	for _, c := range idle[:2*rest] {
		c.isClosed()
	}
	c := at.caller()
	c.asks("POST /reload?wait=live", http.StatusServiceUnavailable)
	c.asks("POST /reload", http.StatusAccepted)
	awaitGuests(t, at, fewestGuests)
}

func busy(s *Server) (n int) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	for _, g := range s.crowd.guests {
		if g.busy {
			n++
		}
	}
	return n
}

func TestTheLastDescriptorsAreForShortRequests(t *testing.T) {
	c := newCrowd(100, zerolog.Nop())
	request := func(spare int) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/events", nil)
		return r.WithContext(context.WithValue(r.Context(), guestKey{}, &guest{spare: spare}))
	}
	require.True(t, c.mayStay(request(forShort), 500, forShort))
	require.False(t, c.mayStay(request(forShort-1), 500, forShort))
	require.True(t, c.mayStay(request(-1), 0, forShort), "a few always may")
	for limit, reserve := range map[int]int{64: 32, 100: 32, 400: 100, 1024: 256, 1 << 20: 256} {
		c.files = func() (int, int) { return 10, limit }
		require.Equal(t, limit-reserve-10, c.spare())
	}
}

// Waiting takes a seat before the reload is asked for, so that nobody is turned away with half of the answer.
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
