package admin

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestHostNames(t *testing.T) {
	s := New(newFakeMaster(), Options{Address: "Rota.internal:11112", Hosts: []string{"deploy.example"}})
	for host, allowed := range map[string]bool{
		"127.0.0.1:11112": true, "10.1.2.3": true, "[::1]:11112": true, "[::1]": true,
		"localhost": true, "LOCALHOST:11112": true, "localhost.:11112": true, "rota.localhost:11112": true,
		"rota.internal": true, "rota.internal.:11112": true, "DEPLOY.example:80": true,
		"": true, // HTTP/1.0 health checks; a browser always sends one

		"evil.example": false, "evil.example:11112": false, "localhost.evil.example": false,
		"127.0.0.1.evil.example": false, "notlocalhost": false, "x.deploy.example": false,
		"rota.internal:1:2": false, "127.1": false, "0x7f000001": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		r.Host = host
		rec := httptest.NewRecorder()
		s.handler.ServeHTTP(rec, r)
		if allowed {
			require.Equal(t, http.StatusOK, rec.Code, host)
			continue
		}
		p := answer{rec, t}.problem(http.StatusForbidden, "")
		require.Contains(t, p["detail"], "--admin-host", host)
	}
}

func TestAForeignPageCannotSendCommands(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site: cross-site"},
		{"Sec-Fetch-Site: same-site"}, // another port of localhost
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, // a form
		{"Origin: https://evil.example"},
		{"Origin: http://127.0.0.1:8080"},
		{"Origin: null"},
	} {
		do(t, s, "POST", "/reload", "", headers...).problem(http.StatusForbidden, "")
	}
	require.Empty(t, f.requests)
	do(t, s, "POST", "/reload", "", "Sec-Fetch-Site: same-origin", "Origin: http://"+here).is(http.StatusAccepted)
	do(t, s, "POST", "/reload", "", "Origin: http://"+here).is(http.StatusAccepted)
}

func TestAForeignPageCannotRead(t *testing.T) {
	s := newServer(newFakeMaster())
	for _, path := range []string{"/", "/status", "/events", "/assets/app.js"} {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"},
			{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"},
			{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"},
			{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"},
			{"Sec-Fetch-Site: anything"},
			{"Origin: https://evil.example"},
			{"Origin: null"},
		} {
			get(t, s, path, headers...).problem(http.StatusForbidden, "")
		}
	}
}

func TestALinkToThePageWorks(t *testing.T) {
	s := newServer(newFakeMaster())
	for _, headers := range [][]string{
		{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"},
		{"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"},
		{"Sec-Fetch-Site: same-origin"},
		{"Origin: http://" + here},
	} {
		require.Equal(t, http.StatusOK, get(t, s, "/", headers...).Code)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := newServer(newFakeMaster())
	for _, path := range []string{"/nope", "/status/", "/workers/", "/workers/x/y", "/reload/x", "//status", "/assets/", "/assets/a/b"} {
		p := get(t, s, path).problem(http.StatusNotFound, "")
		require.Contains(t, p["detail"], "/")
	}
	require.Contains(t, get(t, s, "/nope").is(http.StatusNotFound)["detail"], "/openapi.yaml")
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/status", "GET, HEAD"}, {"DELETE", "/workers/x", "GET, HEAD"}, {"PUT", "/", "GET, HEAD"},
		{"OPTIONS", "/events", "GET, HEAD"}, {"BREW", "/status", "GET, HEAD"}, {"TRACE", "/reloads", "GET, HEAD"},
		{"GET", "/reload", "POST"}, {"PUT", "/connections/x", "DELETE"}, {"GET", "/workers/x/evict", "POST"}, {"HEAD", "/reload", "POST"}, {"DELETE", "/reload", "POST"},
	} {
		a := do(t, s, c.method, c.path, "")
		require.Equal(t, http.StatusMethodNotAllowed, a.Code, c)
		require.Equal(t, c.allow, a.Header().Get("Allow"), c)
		a.problem(http.StatusMethodNotAllowed, "")
	}
	do(t, s, "BREW", "/nope", "").problem(http.StatusNotFound, "")
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	s := newServer(newFakeMaster())
	for _, path := range []string{"/status", "/workers", "/healthz", "/nope", "/reload", "/openapi.yaml"} {
		a := get(t, s, path)
		require.Equal(t, "no-store", a.Header().Get("Cache-Control"), path)
		require.Equal(t, "nosniff", a.Header().Get("X-Content-Type-Options"), path)
	}
}

func TestAPanicIsAnAnswerAndALogLine(t *testing.T) {
	var log bytes.Buffer
	s := New(newFakeMaster(), Options{Log: zerolog.New(&log)})
	handler := s.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ouch") }))
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/reload", nil))
	answer{rec, t}.problem(http.StatusInternalServerError, "")
	require.Contains(t, log.String(), "ouch")
	require.Contains(t, log.String(), `"status":500`)
}

func TestAPanicInAnAnswerCutsIt(t *testing.T) {
	s := newServer(newFakeMaster())
	handler := s.watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		panic("ouch")
	}))
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	})
}

func TestRequestsAreLogged(t *testing.T) {
	var log bytes.Buffer
	s := New(newFakeMaster(), Options{Log: zerolog.New(&log)})
	do(t, s, "POST", "/reload", "")
	get(t, s, "/status")
	require.Regexp(t, `"level":"info".*"method":"POST","path":"/reload","status":202,"took_ms":[0-9.]+,`, log.String())
	require.Regexp(t, `"level":"debug".*"method":"GET","path":"/status","status":200`, log.String())
}

// What net/http answers by itself never reaches the door; the OpenAPI document says so.
func TestMalformedRequestsAreAnsweredInPlainText(t *testing.T) {
	web := serve(t, newServer(newFakeMaster()))
	for request, status := range map[string]int{
		"GET /status HTTP/1.1\r\n\r\n": 400, // no Host
		"GET\r\n\r\n":                  400,
		"GET /status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n": 431,
		"POST /reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n":               501,
		"GET /status HTTP/3.0\r\nHost: x\r\n\r\n":                                           505,
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(web.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		go func() { _, _ = conn.Write([]byte(request)) }() // may be cut off by the answer
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, status, response.StatusCode, "%.40q", request)
		require.Contains(t, response.Header.Get("Content-Type"), "text/plain")
		require.Contains(t, document["info"].(object)["description"], strconv.Itoa(status))
	}
}
