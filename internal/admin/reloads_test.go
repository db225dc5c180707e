package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/record"
)

func TestReloadAtOnce(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	a := do(t, s, "POST", "/reload", "")
	view := a.is(http.StatusAccepted)
	require.Equal(t, "/reloads/"+f.newest(), a.leadsTo("/reload"))
	require.Equal(t, f.newest(), view["id"])
	require.Equal(t, "queued", view["state"])
	require.Equal(t, "api", view["trigger"])
	require.Nil(t, view["error"])
	require.Nil(t, view["started_at"])
	require.Equal(t, []any{}, view["steps"])
	require.Equal(t, []record.ReloadRequest{{Trigger: record.TriggerAPI}}, f.requests)
	again := get(t, s, a.leadsTo("/reload")).is(http.StatusOK)
	delete(again, "waiting_for") // which nobody else tells
	require.Equal(t, view, again)
}

func TestReloadBody(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	body := `{"reason":"déploy","revision":"v1.4.2","drain_timeout":"90s","start_timeout":"24h"}`
	view := do(t, s, "POST", "/reload", body, "Content-Type: application/x-www-form-urlencoded").is(http.StatusAccepted)
	require.Equal(t, record.ReloadRequest{Trigger: record.TriggerAPI, Reason: "déploy", Revision: "v1.4.2",
		DrainTimeout: 90 * time.Second, StartTimeout: 24 * time.Hour}, f.requests[0])
	require.Equal(t, "1m30s", view["drain_timeout"])
	require.Equal(t, "24h", view["start_timeout"])
	caller := view["callers"].([]any)[0].(object)
	require.Equal(t, "déploy", caller["reason"])
	require.Equal(t, "v1.4.2", caller["revision"])

	for _, body := range []string{"", " \n", "{}", `{"reason":""}`, fmt.Sprintf(`{"reason":%q}`, strings.Repeat("ä", 200))} {
		do(t, s, "POST", "/reload", body).is(http.StatusAccepted)
	}
}

func TestReloadBodyIsChecked(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for body, field := range map[string]string{
		`{"reasn":"x"}`: "reasn", `{"Reason":"x"}`: "Reason", `{"":1}`: "",
		`{"reason":1}`: "reason", `{"reason":null}`: "reason", `{"reason":["x"]}`: "reason", `{"revision":{}}`: "revision",
		`{"reason":"a","reason":"b"}`: "reason", `{"reason":"a","re\u0061son":"b"}`: "reason",
		`{"reason":"` + strings.Repeat("x", 201) + `"}`: "reason",
		`{"revision":"a\u0000b"}`:                       "revision", `{"reason":"a\nb"}`: "reason", `{"reason":"\u001b[31m"}`: "reason",
		`{"reason":"a\u202eb"}`: "reason", `{"revision":"a\u200bb"}`: "revision", `{"reason":"\u2028"}`: "reason",
		`{"reason":"\u2029"}`: "reason", `{"revision":"\u0085"}`: "revision", "{\"revision\":\"\ufeff\"}": "revision",
		`{"drain_timeout":"0s"}`: "drain_timeout", `{"drain_timeout":"-1s"}`: "drain_timeout", `{"drain_timeout":30}`: "drain_timeout",
		`{"drain_timeout":"30"}`: "drain_timeout", `{"start_timeout":"24h0m1s"}`: "start_timeout", `{"start_timeout":""}`: "start_timeout",
		`{"reason":}`: "reason", `{"reason"}`: "reason", `{"reason":"x",}`: "body", `{"reason":"x"`: "body", `{1:2}`: "body",
		`{"reason":"x"} {}`: "body", `{}x`: "body", `[]`: "body", `null`: "body", `"reason"`: "body", `reason=x`: "body", `{`: "body",
		"{\"reason\":\"\xff\"}": "body", "\x1f\x8b": "body",
	} {
		p := do(t, s, "POST", "/reload", body).problem(http.StatusBadRequest, field)
		if field != "body" && field != "" {
			require.True(t, strings.HasPrefix(p["detail"].(string), field+": "), p["detail"])
		}
	}
	require.Empty(t, f.requests, "an invalid request must not start a reload")
}

func TestReloadBodyIsLimited(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	fits := `{}` + strings.Repeat(" ", 64<<10-2)
	do(t, s, "POST", "/reload", fits).is(http.StatusAccepted)
	do(t, s, "POST", "/reload", fits+" ").problem(http.StatusRequestEntityTooLarge, "")
	require.Len(t, f.requests, 1)

	web := serve(t, s)
	response, err := web.client.Post(web.url+"/reload", "", strings.NewReader(strings.Repeat("x", 10<<20)))
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

func TestReloadParametersAreChecked(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for query, field := range map[string]string{
		"wait=ready": "wait", "wait=": "wait", "wait": "wait", "timeout=30s": "timeout", "wait=live&timeout=30": "timeout",
		"wait=&dry_run=1&timeout=1s&a=1": "a", "timeout=&wait=": "timeout",
		"wait=live&timeout=0s": "timeout", "wait=live&timeout=1h1s": "timeout", "wait=live&wait=live": "wait", "dry_run=1": "dry_run",
	} {
		do(t, s, "POST", "/reload?"+query, "").problem(http.StatusBadRequest, field)
	}
	do(t, s, "POST", "/reload?wait=live", "", "Accept: text/event-stream").problem(http.StatusBadRequest, "wait")
	require.Empty(t, f.requests)
}

func TestReloadWhileTheMasterStops(t *testing.T) {
	f := newFakeMaster()
	f.stopped = record.ErrStopping
	a := do(t, newServer(f), "POST", "/reload", "")
	require.Contains(t, a.problem(http.StatusServiceUnavailable, "")["detail"], "shutting down")
	require.Equal(t, "1", a.Header().Get("Retry-After"))
}

// waitFor posts a reload with a wait and lets the fake move it on when it is waited for.
func waitFor(t *testing.T, target string, then func(f *fakeMaster, id string)) answer {
	t.Helper()
	f := newFakeMaster()
	done := make(chan struct{})
	go func() {
		defer close(done)
		then(f, <-f.waiting)
	}()
	a := do(t, newServer(f), "POST", "/reload?wait="+target, "")
	<-done
	require.Equal(t, "/reloads/"+f.newest(), a.leadsTo("/reload"))
	return a
}

func TestWaitUntilLive(t *testing.T) {
	view := waitFor(t, "live", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadRolling, record.EventReloadStarted)
		f.move(id, record.ReloadLive, record.EventReloadLive, func(r *record.Reload) { r.Replaced, r.LiveAt = 2, startedAt })
	}).is(http.StatusOK)
	require.Equal(t, "live", view["state"])
	require.EqualValues(t, 2, view["replaced"])
}

func TestWaitUntilCompleted(t *testing.T) {
	view := waitFor(t, "completed&timeout=1m", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadLive, record.EventReloadLive)
		f.move(id, record.ReloadCompleted, record.EventReloadCompleted)
	}).is(http.StatusOK)
	require.Equal(t, "completed", view["state"])
}

func TestWhatTheKernelDidNotTellOfAReloadIsNull(t *testing.T) {
	view := waitFor(t, "live", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadLive, record.EventReloadLive, func(r *record.Reload) {
			r.ConnectionsRemaining, r.ConnectionsCut, r.CutUnknown = 4, 5, true
		})
	}).is(http.StatusOK)
	require.Nil(t, view["connections_remaining"])
	require.Nil(t, view["connections_cut"])

	view = waitFor(t, "live", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadLive, record.EventReloadLive, func(r *record.Reload) {
			r.ConnectionsRemaining, r.ConnectionsCounted, r.ConnectionsCut = 4, true, 5
		})
	}).is(http.StatusOK)
	require.EqualValues(t, 4, view["connections_remaining"])
	require.EqualValues(t, 5, view["connections_cut"])
}

func TestWaitForAReloadThatFails(t *testing.T) {
	p := waitFor(t, "live", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadFailed, record.EventReloadFailed, func(r *record.Reload) {
			r.Failure = &record.Failure{Code: record.WorkerFailed, Message: "the new worker of slot 0 exited with code 3", WorkerID: newID(), Output: []string{"no config"}}
			r.Steps = []record.Step{{At: startedAt, Action: "failed", WorkerID: newID(), Message: "it did"}}
		})
	}).problem(http.StatusInternalServerError, "")
	require.Contains(t, p["detail"], "exited with code 3")
	require.Equal(t, []any{"no config"}, p["output"])
	reload := p["reload"].(object)
	require.Equal(t, "failed", reload["state"])
	require.EqualValues(t, 0, reload["error"].(object)["slot"])
	require.Len(t, reload["steps"], 1)
}

func TestWaitForAReloadThatEndsUnstable(t *testing.T) {
	p := waitFor(t, "completed", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadCompleted, record.EventReloadCompleted, func(r *record.Reload) {
			r.StartedAt = startedAt
			r.Failure = &record.Failure{Code: record.Unstable, Message: "slot 0 has no ready worker", WorkerID: newID(), Output: []string{"no config"}}
		})
	}).problem(http.StatusInternalServerError, "")
	require.Equal(t, "the reload is completed, but unstable: slot 0 has no ready worker", p["detail"])
	require.Equal(t, []any{"no config"}, p["output"])
	reload := p["reload"].(object)
	require.Equal(t, "completed", reload["state"])
	require.Equal(t, "unstable", reload["error"].(object)["code"])
	require.Equal(t, false, reload["receipt"].(object)["lossless"])
}

func TestWaitForAReloadThatIsAborted(t *testing.T) {
	p := waitFor(t, "completed", func(f *fakeMaster, id string) {
		f.move(id, record.ReloadAborted, record.EventReloadAborted, func(r *record.Reload) {
			r.Failure = &record.Failure{Code: record.MasterStops, Message: "the master was told to stop", Stopping: true}
		})
	}).problem(http.StatusServiceUnavailable, "")
	require.Equal(t, "aborted", p["reload"].(object)["state"])
	require.Nil(t, p["reload"].(object)["error"].(object)["slot"])
	require.Equal(t, true, p["reload"].(object)["error"].(object)["stopping"])
}

func TestAWaitThatRunsOut(t *testing.T) {
	for query, patience := range map[string]time.Duration{"wait=live": 2 * time.Minute, "wait=live&timeout=1m30s": 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f, began := newFakeMaster(), time.Now()
			s := newServer(f)
			a := do(t, s, "POST", "/reload?"+query, "")
			p := a.problem(http.StatusGatewayTimeout, "")
			require.Equal(t, patience, time.Since(began))
			require.Equal(t, "queued", p["reload"].(object)["state"])
			require.Equal(t, "/reloads/"+f.newest(), a.leadsTo("/reload"))
			f.move(f.newest(), record.ReloadCompleted, record.EventReloadCompleted) // it went on
			require.Equal(t, "completed", get(t, s, a.leadsTo("/reload")).is(http.StatusOK)["state"])
		})
	}
}

// late is a master whose reloads get there just when the wait for them has run out.
type late struct{ *fakeMaster }

func (l late) Wait(ctx context.Context, id string, target record.ReloadState) (record.Reload, error) {
	r, err := l.fakeMaster.Wait(ctx, id, target)
	l.move(id, target, record.EventReloadCompleted)
	return r, err
}

func TestAReloadThatGetsThereAtTheLastMomentIsThere(t *testing.T) {
	s := New(late{newFakeMaster()}, Options{Version: "v1.2.3", Address: here, Page: page, Log: zerolog.Nop()})
	a := do(t, s, "POST", "/reload?wait=completed&timeout=1ms", "").is(http.StatusOK)
	require.Equal(t, "completed", a["state"])
}

func TestAReloadGoesOnWhenItsCallerLeaves(t *testing.T) {
	f := newFakeMaster()
	web := serve(t, newServer(f))
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := web.request(ctx, "POST", "/reload?wait=completed", "{}")
		left <- err
	}()
	id := <-f.waiting
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	require.Equal(t, id, <-f.abandoned, "nobody is waited for in vain")
	require.Equal(t, "queued", get(t, web.Server, "/reloads/"+id).is(http.StatusOK)["state"])
}

func TestAWaitMayTakeLongerThanTheTimeouts(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	s.http.ReadTimeout, s.http.WriteTimeout = 20*time.Millisecond, 20*time.Millisecond
	s.times.heartbeat = 10 * time.Millisecond
	web := serve(t, s)
	answered := make(chan string, 1)
	go func() {
		response, err := web.request(t.Context(), "POST", "/reload?wait=live", "{}")
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		var view struct{ State string }
		_ = json.NewDecoder(response.Body).Decode(&view)
		answered <- view.State
	}()
	id := <-f.waiting
	clock := web.open("GET", "/events") // a stream, which must stand it too, tells the time
	for range 8 {
		require.True(t, clock.next().comment)
	}
	f.move(id, record.ReloadLive, record.EventReloadLive)
	require.Equal(t, "live", <-answered)
	clock.named("reload.live")
}

func TestABodyThatDoesNotArrive(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	s.http.ReadTimeout = 50 * time.Millisecond
	web := serve(t, s)
	for rest, status := range map[string]int{"Content-Length: 9\r\n\r\n{": 408, "Transfer-Encoding: chunked\r\n\r\nzz\r\n": 400} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(web.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "POST /reload HTTP/1.1\r\nHost: %s\r\n%s", here, rest)
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, status, response.StatusCode)
		require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	}
	require.Empty(t, f.requests)
}

func TestHistory(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	require.Equal(t, object{"reloads": []any{}, "next": nil}, get(t, s, "/reloads").is(http.StatusOK))
	var newestFirst []string
	for i := range 23 {
		r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerSignal, Reason: fmt.Sprint(i)})
		require.NoError(t, err)
		newestFirst = append([]string{r.ID}, newestFirst...)
	}
	var seen []string
	target := "/reloads?limit=5"
	for cursor := ""; ; {
		page := get(t, s, target+cursor).is(http.StatusOK)
		for _, r := range page["reloads"].([]any) {
			seen = append(seen, r.(object)["id"].(string))
		}
		if page["next"] == nil {
			break
		}
		cursor = "&cursor=" + page["next"].(string)
	}
	require.Equal(t, newestFirst, seen)

	f.reloads = f.reloads[15:] // the older ones are forgotten, also the one the cursor names
	rest := get(t, s, "/reloads?cursor="+newestFirst[20]).is(http.StatusOK)
	require.Empty(t, rest["reloads"])
	for query, field := range map[string]string{"limit=0": "limit", "limit=201": "limit", "cursor=1": "cursor", "page=2": "page"} {
		get(t, s, "/reloads?"+query).problem(http.StatusBadRequest, field)
	}
	for _, path := range []string{"/reloads/nope", "/reloads/" + newestFirst[22], "/reloads/nope/events"} {
		get(t, s, path).problem(http.StatusNotFound, "")
	}
}

// A proxy may have taken a prefix off the path.
func TestALocationIsAPathUnlessAProxyIsBetween(t *testing.T) {
	asked := func(path string, change func(*http.Request)) string {
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		change(r)
		return location(r, "reloads", "7")
	}
	direct := func(*http.Request) {}
	require.Equal(t, "/reloads/7", asked("/reload", direct))
	require.Equal(t, "/reloads/7", asked("/workers/3/rotate", direct))
	for _, through := range []func(*http.Request){
		func(r *http.Request) { r.Header.Set("X-Forwarded-For", "10.0.0.1") },
		func(r *http.Request) { r.Header.Set("Via", "1.1 proxy") },
		func(r *http.Request) { r.ProtoMinor = 0 },
	} {
		require.Equal(t, "reloads/7", asked("/reload", through))
		require.Equal(t, "../../reloads/7", asked("/workers/3/rotate", through))
	}
}
