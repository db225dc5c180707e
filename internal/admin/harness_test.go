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
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

const here = "127.0.0.1:11112"

var page = fstest.MapFS{
	"index.html":  {Data: []byte("<!doctype html><title>rota</title>")},
	"app.js":      {Data: []byte("console.log('rota')")},
	"style.css":   {Data: []byte("body { color: canvastext }")},
	"favicon.svg": {Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
	"notes.txt":   {Data: []byte("not for the public")},
}

func newServer(f *fakeMaster) *Server {
	return New(f, Options{Version: "v1.2.3", Address: here, Page: page, Log: zerolog.Nop()})
}

// answer is a recorded response.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// do sends a request to the handler, without a connection, and holds the answer to the
// OpenAPI document. Headers are given as "Name: value".
func do(t *testing.T, s *Server, method, target, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = here
	setHeaders(r, headers)
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, r)
	requireDocumented(t, s, method, r.URL.EscapedPath(), rec)
	return answer{rec, t}
}

func get(t *testing.T, s *Server, target string, headers ...string) answer {
	t.Helper()
	return do(t, s, "GET", target, "", headers...)
}

func setHeaders(r *http.Request, headers []string) {
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
}

// is requires the status and decodes the body.
func (a answer) is(status int) map[string]any {
	a.t.Helper()
	require.Equal(a.t, status, a.Code, a.Body.String())
	require.True(a.t, strings.HasSuffix(a.Body.String(), "\n"), "a JSON answer ends with a newline")
	var view map[string]any
	require.NoError(a.t, json.Unmarshal(a.Body.Bytes(), &view))
	return view
}

// leadsTo is the path that the answer's Location stands for, where it was asked for at a path.
func (a answer) leadsTo(asked string) string {
	a.t.Helper()
	location, err := url.Parse(a.Header().Get("Location"))
	require.NoError(a.t, err)
	require.False(a.t, location.IsAbs(), "the name by which rota was asked is not its business")
	return (&url.URL{Path: asked}).ResolveReference(location).Path
}

// problem requires an error about the field and returns it.
func (a answer) problem(status int, field string) map[string]any {
	a.t.Helper()
	p := a.is(status)
	require.Equal(a.t, "application/problem+json", a.Header().Get("Content-Type"))
	require.Equal(a.t, "about:blank", p["type"])
	require.Equal(a.t, http.StatusText(status), p["title"])
	require.EqualValues(a.t, status, p["status"])
	require.NotEmpty(a.t, p["detail"])
	if field != "" {
		require.Equal(a.t, field, p["field"], p["detail"])
		require.Contains(a.t, p["detail"], field)
	}
	return p
}

// site is a server on a real connection.
type site struct {
	*Server
	t      *testing.T
	url    string
	client *http.Client
}

// serve starts s and shuts it down when the test ends.
func serve(t *testing.T, s *Server) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, s.Shutdown(ctx))
		require.NoError(t, <-served)
	})
	return &site{s, t, "http://" + l.Addr().String(), &http.Client{Transport: transport}}
}

func (s *site) request(ctx context.Context, method, target, body string, headers ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.url+target, strings.NewReader(body))
	require.NoError(s.t, err)
	setHeaders(r, headers)
	return s.client.Do(r)
}

// events is the reading end of a stream.
type events struct {
	t    *testing.T
	r    *bufio.Reader
	body io.Closer
	head http.Header
}

// message is one server-sent event; a comment has none of the fields.
type message struct {
	id, name, retry string
	data            map[string]any
	comment         bool
}

// open begins a stream; whoever reads it waits for ten seconds at most.
func (s *site) open(method, target string, headers ...string) *events {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.t.Cleanup(cancel)
	response, err := s.request(ctx, method, target, "", headers...)
	require.NoError(s.t, err)
	e := &events{s.t, bufio.NewReader(response.Body), response.Body, response.Header}
	s.t.Cleanup(e.close)
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		require.Equal(s.t, http.StatusOK, response.StatusCode, string(text))
	}
	require.Equal(s.t, "text/event-stream", response.Header.Get("Content-Type"))
	require.Equal(s.t, "1000", e.next().retry)
	return e
}

func (e *events) close() { e.body.Close() }

// next reads one message, or fails.
func (e *events) next() message {
	e.t.Helper()
	m, err := e.read()
	require.NoError(e.t, err)
	return m
}

// named reads messages up to one of that name, and skips comments and statistics only.
func (e *events) named(name string) message {
	e.t.Helper()
	for {
		m := e.next()
		if m.comment || (m.name == "stats" && name != "stats") {
			continue
		}
		require.Equal(e.t, name, m.name)
		return m
	}
}

// ends requires that the stream is over.
func (e *events) ends() {
	e.t.Helper()
	m, err := e.read()
	require.ErrorIs(e.t, err, io.EOF, "%v", m)
}

func (e *events) read() (message, error) {
	var m message
	for {
		line, err := e.r.ReadString('\n')
		if err != nil {
			return m, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return m, e.check(m)
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			m.comment = true
		case "id":
			m.id = value
		case "event":
			m.name = value
		case "retry":
			m.retry = value
		case "data":
			require.Nil(e.t, m.data, "data is one line")
			require.NoError(e.t, json.Unmarshal([]byte(value), &m.data))
		default:
			require.Fail(e.t, "not a line of an event", line)
		}
	}
}

// check holds the data to the OpenAPI document.
func (e *events) check(m message) error {
	switch m.name {
	case "":
	case "stats":
		require.Empty(e.t, m.id)
		requireSchema(e.t, "Stats", m.data)
	case "events.lost":
		require.Empty(e.t, m.id)
		requireSchema(e.t, "EventsLost", m.data)
	case "log.line":
		require.Equal(e.t, m.id, fmt.Sprint(m.data["number"]))
		requireSchema(e.t, "LogLine", m.data)
	case "log.lost":
		require.Empty(e.t, m.id)
		requireSchema(e.t, "LogLost", m.data)
	case "log.end":
		require.Equal(e.t, m.id, fmt.Sprint(m.data["printed"]))
		requireSchema(e.t, "LogEnd", m.data)
	default:
		require.NotEmpty(e.t, m.id)
		require.Equal(e.t, m.name, m.data["type"])
		requireSchema(e.t, "Event", m.data)
	}
	return nil
}
