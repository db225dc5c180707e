package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
	"rota/internal/view"
)

func FuzzReloadBody(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"reason":"deploy","revision":"v1","start_timeout":"10s","drain_timeout":"1m40s"}`,
		`{"reason":"a","reason":"b"}`, `{"x":[[{}]]}`, `{"reason":"\ud800"}`, `{"revision":"\u0000"}`, `[1]`, `{"a":1}{`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var request record.ReloadRequest
		err := parseObject(body, reloadMembers(&request))
		if err != nil {
			p, ok := errors.AsType[*view.Problem](err)
			require.True(t, ok, "%T", err)
			require.Equal(t, http.StatusBadRequest, p.Status)
			return
		}
		for _, text := range []string{request.Reason, request.Revision} {
			require.LessOrEqual(t, utf8.RuneCountInString(text), mostText)
			require.NotContains(t, text, "\x00")
		}
		for _, d := range []time.Duration{request.StartTimeout, request.DrainTimeout} {
			require.True(t, d >= 0 && d <= mostTimeout)
		}
		// What is taken for JSON must be JSON.
		if len(body) > 0 && slices.Contains(body, '{') {
			require.True(t, json.Valid(body), "%q", body)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "limit=5&cursor=x&sort=-idle_ms", "state=idle", "after=1&recent=2&stats=1s", "wait=live&timeout=1h", "a;b", "%zz",
		"cursor=eyJvIjoiaWQiLCJpIjo3fQ", "limit=1&limit=1",
	} {
		f.Add(seed)
	}
	fake := newFakeMaster()
	fake.connections = manyConnections(fake, 20)
	reload, _ := fake.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	fake.move(reload.ID, record.ReloadFailed, record.EventReloadFailed) // so that waits and streams end
	s := newServer(fake)
	close(s.closing)
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/connections", "/reloads", "/events", "/status"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host, r.URL.RawQuery = here, query
			rec := httptest.NewRecorder()
			s.handler.ServeHTTP(rec, r)
			require.NotEqual(t, http.StatusInternalServerError, rec.Code, rec.Body.String())
		}
	})
}
