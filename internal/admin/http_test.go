package admin

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestAnEscapedPathIsWhatItStandsFor(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for _, path := range []string{"/%73tatus", "/statu%73", "/%73%74atus", "/%77orkers/" + f.workers[0].ID,
		"/workers/%30" + f.workers[0].ID[1:]} { // its first digit is 0
		ask(t, s, "GET", path).is(http.StatusOK)
	}
	for _, path := range []string{"/status%2f", "/workers%2f" + f.workers[0].ID, "/%2573tatus", "/%2e%2e/status", "/status%00", "//status"} {
		ask(t, s, "GET", path).problem(http.StatusNotFound, "")
	}
	a := ask(t, s, "POST", "/%73tatus")
	a.problem(http.StatusMethodNotAllowed, "")
	require.Equal(t, "GET, HEAD", a.Header().Get("Allow"))
}

// ask is do for a path that is not written as the document has it.
func ask(t *testing.T, s *Server, method, path string) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, http.NoBody)
	r.Host = here
	s.handler.ServeHTTP(rec, r)
	return answer{rec, t}
}

func TestWhichGenerationsAnIfMatchNames(t *testing.T) {
	for header, want := range map[string][]int{
		`"3"`: {3}, `3`: {3}, `"3", "4"`: {3, 4}, `"3","4",`: {3, 4}, ` ,"3"`: {3}, "\"3\"\t,4": {3, 4},
		`W/"3"`: {}, `W/"3", "4"`: {4}, `"a,b"`: {}, `"a,b", "3"`: {3}, `"0"`: {}, `"-3"`: {}, `"03"`: {}, `"+3"`: {}, `""`: {},
		`"99999999999999999999"`: {}, `*`: nil,
	} {
		got, err := readIfMatch(requestWith("If-Match", header))
		require.NoError(t, err, header)
		require.Equal(t, want, got, header)
	}
	for _, header := range []string{"", ",", "three", "03", "+3", "-1", "0", `"3`, `3"`, `W/3`, `"3" "4"`, `"3"x`, `w/"3"`, "3 4", "* , 3", "\"a b\""} {
		_, err := readIfMatch(requestWith("If-Match", header))
		require.Error(t, err, header)
	}
}

func requestWith(name, value string) *http.Request {
	return &http.Request{Header: http.Header{name: {value}}}
}

func TestWhoHasAFileAlreadyIsTold(t *testing.T) {
	s := newServer(newFakeMaster())
	tag := get(t, s, "/assets/app.js").Header().Get("ETag")
	for _, header := range []string{tag, "*", "W/" + tag, `"other", ` + tag, `"a,b",W/` + tag} {
		require.Equal(t, http.StatusNotModified, get(t, s, "/assets/app.js", "If-None-Match: "+header).Code, header)
	}
	for _, header := range []string{`"other"`, `"` + tag + `"`, tag[1 : len(tag)-1], "x" + tag, `"*"`} {
		require.Equal(t, http.StatusOK, get(t, s, "/assets/app.js", "If-None-Match: "+header).Code, header)
	}
}

func TestOnlyTheSpacesOfJSONMayStandRoundABody(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	do(t, s, "POST", "/reload", " \t\r\n{} \t\r\n").is(http.StatusAccepted)
	for _, space := range []string{"\f", "\v", "\u00a0", "\u0085", "\u2003", "\ufeff"} {
		do(t, s, "POST", "/reload", space+"{}").problem(http.StatusBadRequest, "body")
		do(t, s, "POST", "/reload", "{}"+space).problem(http.StatusBadRequest, "body")
		do(t, s, "POST", "/reload", space).problem(http.StatusBadRequest, "body")
		do(t, s, "POST", "/reload", "", "Idempotency-Key: "+space+"k").problem(http.StatusBadRequest, "Idempotency-Key")
	}
	require.Len(t, f.requests, 1)
}

func TestABodyThatWouldHaveToBeDecodedIsRefused(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for _, coding := range []string{"gzip", "br", "identity, gzip", "aes128gcm"} {
		for _, target := range []string{"POST /reload", "PUT /scale", "POST /workers/" + f.workers[0].ID + "/evict?idle=1s", "DELETE /connections/abc"} {
			var method, path string
			_, err := fmt.Sscan(target, &method, &path)
			require.NoError(t, err)
			a := do(t, s, method, path, "", "Content-Encoding: "+coding)
			a.problem(http.StatusUnsupportedMediaType, "Content-Encoding")
			require.Equal(t, "identity", a.Header().Get("Accept-Encoding"))
		}
	}
	do(t, s, "POST", "/reload", "{}", "Content-Encoding: Identity").is(http.StatusAccepted)
	require.Len(t, f.requests, 1)
}

func TestWhatTheHTTPServerSaysHasALevel(t *testing.T) {
	var log bytes.Buffer
	s := New(newFakeMaster(), Options{Log: zerolog.New(&log)})
	s.http.ErrorLog.Printf("http: Accept error: %v; retrying", net.ErrClosed)
	require.Equal(t, `{"level":"warn","error":"http: Accept error: use of closed network connection; retrying","message":"the HTTP server of the admin API reports an error"}`+"\n", log.String())
	n, err := io.WriteString(serverErrors{zerolog.Nop()}, "x\n")
	require.NoError(t, err)
	require.Equal(t, 2, n)
}
