package worker

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const getRequest = "GET / HTTP/1.1\r\nHost: rota\r\n\r\n"

// browser is one HTTP connection, with each step in the test's hand.
type browser struct {
	net.Conn
	in *bufio.Reader
}

func newBrowser(t *testing.T, ln net.Listener) *browser {
	t.Helper()
	c := dial(t, ln)
	return &browser{Conn: c, in: bufio.NewReader(c)}
}

func (b *browser) get(t *testing.T) *http.Response {
	t.Helper()
	_, err := io.WriteString(b, getRequest)
	require.NoError(t, err)
	return b.response(t)
}

func (b *browser) response(t *testing.T) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(b.in, nil)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "hello world\n", string(body))
	return response
}

func TestHTTPIsServedOnListenersOfThatName(t *testing.T) {
	first, second, tcp := bind(t, "tcp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0"), bind(t, "tcp4", "127.0.0.1:0")
	startWorker(t, Options{}, share(t, "http", first), share(t, "http-2", second), share(t, "tcp", tcp))
	for _, ln := range []net.Listener{first, second} {
		b := newBrowser(t, ln)
		for range 3 { // on one connection
			response := b.get(t)
			require.False(t, response.Close)
			require.Contains(t, response.Header.Get("Content-Type"), "text/plain")
		}
	}
	greet(t, dial(t, tcp))
}

func TestHTTPEndIsLogged(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{}, share(t, "http", ln))
	b := newBrowser(t, ln)
	b.get(t)
	require.NoError(t, b.Close())
	for _, message := range []string{"recv fin packet", "connection fully closed"} {
		line := w.log.wait(t, message)
		require.Equal(t, "http", line["listener"])
		require.Equal(t, b.LocalAddr().String(), line["remote"])
		require.EqualValues(t, len(getRequest), line["bytes_in"])
	}
	// net/http reads ahead while it answers, so the FIN may come before the answer is counted.
	require.NotZero(t, w.log.wait(t, "connection fully closed")["bytes_out"])
}

func TestHTTPConnectionsMayBeUsedOnceMoreWhileDraining(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{IdleGrace: patience}, share(t, "http", ln))
	silent, idle := newBrowser(t, ln), newBrowser(t, ln)
	idle.get(t) // so the silent one, which came first, has been accepted

	w.startDrain()
	for _, b := range []*browser{idle, silent} {
		require.True(t, b.get(t).Close)
		requireEOF(t, b.in)
		require.NoError(t, b.Close())
	}
	w.waitEnd()
	require.EqualValues(t, 2, w.log.wait(t, "drained")["connections"])
	require.EqualValues(t, 2, w.log.wait(t, "drained")["while_draining"])
	requireStillAccepting(t, ln)
}

func TestQuietHTTPConnectionsAreEndedAfterTheGrace(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	const grace = 200 * time.Millisecond
	w := startWorker(t, Options{IdleGrace: grace}, share(t, "http", ln))
	silent, idle := newBrowser(t, ln), newBrowser(t, ln)
	idle.get(t)
	began := time.Now()
	w.drain()
	requireEOF(t, idle.in)
	requireEOF(t, silent.in)
	require.GreaterOrEqual(t, time.Since(began), grace)
	idle.Close()
	silent.Close()
	w.waitEnd()
}

func TestOnlyQuietHTTPConnectionsAreEnded(t *testing.T) {
	hour := time.Hour
	for _, tc := range []struct {
		name  string
		state http.ConnState
		limit time.Duration // from now
		ended bool
	}{
		{"no request for too long", http.StateIdle, hour, true},
		{"never a request for too long", http.StateNew, hour, true},
		{"not quiet for long enough", http.StateIdle, -hour, false},
		{"a request under way", http.StateActive, hour, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, inner := net.Pipe()
			defer client.Close()
			defer inner.Close()
			c := newWebConn(newWeb(Options{}, nil), inner, "http")
			c.setState(tc.state)
			c.endIfQuiet(time.Now().Add(tc.limit))
			go client.Write([]byte("x"))
			_, err := c.Read(make([]byte, 1))
			if tc.ended {
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestAnIncomingHTTPRequestIsNotQuiet(t *testing.T) {
	client, inner := net.Pipe()
	defer client.Close()
	defer inner.Close()
	c := newWebConn(newWeb(Options{}, nil), inner, "http")
	limit := time.Now()
	go client.Write([]byte("GE"))
	for _, part := range []string{"G", "E"} { // net/http still calls the connection new
		got := make([]byte, 1)
		_, err := c.Read(got)
		require.NoError(t, err)
		require.Equal(t, part, string(got))
		c.endIfQuiet(limit)
	}
}

// Whatever was before, the client has the whole grace to see that the worker drains, and so has one that
// stirs in the meantime.
func TestTheGraceBeginsWithTheDrainOrLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace = 5 * time.Second
		w := newWeb(Options{IdleGrace: grace}, nil)
		add := func() (c *webConn, ended chan time.Time) {
			client, inner := net.Pipe()
			t.Cleanup(func() { client.Close(); inner.Close() })
			c, ended = newWebConn(w, inner, "http"), make(chan time.Time, 1)
			c.setState(http.StateIdle)
			w.conns[c] = struct{}{}
			go func() { c.Read(make([]byte, 1)); ended <- time.Now() }()
			return c, ended
		}
		_, still := add()
		stirring, stirred := add()
		time.Sleep(time.Hour) // of the bubble's own clock
		began := time.Now()
		w.startDrain()
		time.Sleep(grace / 2)
		stirring.setState(http.StateIdle)
		require.GreaterOrEqual(t, (<-still).Sub(began), grace)
		require.GreaterOrEqual(t, (<-stirred).Sub(began), grace+grace/2)
		close(w.quit)
		w.crew.Wait()
	})
}

// What is sent behind the last request lies unread in the worker's socket when the worker closes.
func TestTheLastHTTPResponseIsNotDestroyedByAReset(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	w := startWorker(t, Options{IdleGrace: patience, linger: patience}, share(t, "http", ln))
	b := newBrowser(t, ln)
	b.get(t)
	w.startDrain()
	_, err := io.WriteString(b, strings.Repeat(getRequest, 2000))
	require.NoError(t, err)
	require.True(t, b.response(t).Close)
	requireEOF(t, b.in)
	require.NoError(t, b.Close())
	w.waitEnd()
}

func TestHTTPDrainAnswersWhatWaitsInTheAcceptQueue(t *testing.T) {
	ln := bind(t, "tcp4", "127.0.0.1:0")
	var queued []*browser
	for range 300 { // more than fit into the intake
		queued = append(queued, newBrowser(t, ln))
	}
	w := startWorker(t, Options{IdleGrace: patience}, share(t, "http", ln))
	w.startDrain()
	for _, b := range queued {
		b.get(t)
		require.NoError(t, b.Close())
	}
	w.waitEnd()
	require.EqualValues(t, 300, w.log.wait(t, "drained")["connections"])
}
