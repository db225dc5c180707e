package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"rota/internal/view"

	"github.com/stretchr/testify/require"
)

func TestAnAddressThatStandsForAllIsReachedOverLoopback(t *testing.T) {
	for admin, want := range map[string]string{
		"127.0.0.1:11112":   "127.0.0.1:11112",
		"0.0.0.0:11112":     "127.0.0.1:11112",
		":11112":            "127.0.0.1:11112",
		"[::]:11112":        "[::1]:11112",
		"[::1]:80":          "[::1]:80",
		"rota.example:80":   "rota.example:80",
		"[::ffff:0:0]:8080": "127.0.0.1:8080",
	} {
		c, err := New(admin)
		require.NoError(t, err)
		require.Equal(t, want, c.address, admin)
	}
	_, err := New("127.0.0.1:0")
	require.ErrorContains(t, err, "port 0")
	_, err = New("here")
	require.EqualError(t, err, `"here" is not host:port`)
}

func TestAMasterThatIsNotThereIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	c := clientOf(t, l.Addr().String())
	_, err = c.Status(t.Context())
	require.ErrorAs(t, err, new(*Unreachable))
	require.ErrorContains(t, err, "no master listens at "+l.Addr().String()+"; is rota running")
	require.ErrorContains(t, err, "--admin")

	began := time.Now()
	_, err = c.Reload(t.Context(), ReloadRequest{Key: "k"})
	require.ErrorAs(t, err, new(*Unreachable))
	require.Less(t, time.Since(began), patience, "a request that nobody can have heard is not sent again and again")
	require.ErrorAs(t, c.Events(t.Context(), nil, nil, nil), new(*Unreachable))
}

func TestAnAnswerKeepsItsJSON(t *testing.T) {
	document := `{"pid": 7,  "version": "v1", "generation": 1, "pool": {"size": 1}, "new_field": {"a": 1}, "reload": null}`
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, document)
	}))
	answer, err := c.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, document, string(answer.JSON))
	require.Equal(t, 7, answer.View.PID)
	require.Nil(t, answer.View.Reload)
}

func TestARefusalSaysWhyAndAStrangerIsRecognised(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/scale", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		writeJSON(w, http.StatusConflict, problemJSON(http.StatusConflict, "a reload is running"))
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) })
	mux.HandleFunc("/workers", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	c, _ := masterOf(t, mux)

	_, err := c.Scale(t.Context(), 3)
	p, ok := errors.AsType[*Problem](err)
	require.True(t, ok)
	require.EqualError(t, err, "a reload is running")
	require.Equal(t, http.StatusConflict, StatusOf(err))
	require.Equal(t, 3*time.Second, p.RetryAfter)

	for _, ask := range []func() error{
		func() error { _, err := c.Status(t.Context()); return err },
		func() error { _, err := c.Workers(t.Context()); return err },
	} {
		require.ErrorContains(t, ask(), "is no rota, or another version of it")
	}
}

func TestARequestIsAsTheAPIWantsIt(t *testing.T) {
	var got []string
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s %s%s%s", r.Method, r.URL, body, r.Header.Get("Idempotency-Key"), r.Header.Get("If-Match")))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"id","state":"live","generation":2,"requested_at":"2026-11-27T12:00:00Z","workers":8,"before":4,"worker":{"id":"n","state":"starting"},"replaces":"w",`+
			`"connection":{"id":"1f"},"how":"shutdown","evicted":0,"connections":[],"worker_id":"w","lines":[]}`)
	}))
	ctx := t.Context()
	for _, ask := range []func() error{
		func() error {
			_, err := c.Reload(ctx, ReloadRequest{ReloadRequest: view.ReloadRequest{Surge: new(view.Surge("25%")), Canary: new(1), Soak: "0s"}, Key: "k", ExpectsGeneration: "3"})
			return err
		},
		func() error {
			_, err := c.Reload(ctx, ReloadRequest{ReloadRequest: view.ReloadRequest{Surge: new(view.Surge("2"))}, Key: "k"})
			return err
		},
		func() error { _, err := c.Tell(ctx, "id", "abort", "why"); return err },
		func() error { _, err := c.Tell(ctx, "id", "pause", ""); return err },
		func() error { _, err := c.Scale(ctx, 8); return err },
		func() error { _, err := c.Rotate(ctx, "w"); return err },
		func() error { _, err := c.CloseConnection(ctx, "1f"); return err },
		func() error { _, err := c.Evict(ctx, "w", 30*time.Second); return err },
		func() error { _, err := c.Log(ctx, "w", 5); return err },
		func() error { _, err := c.Log(ctx, "w", -1); return err },
	} {
		require.NoError(t, ask())
	}
	require.Equal(t, []string{
		`POST /reload {"surge":"25%","canary":1,"soak":"0s"}k"3"`,
		`POST /reload {"surge":2}k`,
		`POST /reloads/id/abort {"reason":"why"}`,
		`POST /reloads/id/pause `,
		`PUT /scale {"workers":8}`,
		`POST /workers/w/rotate `,
		`DELETE /connections/1f `,
		`POST /workers/w/evict?idle=30s `,
		`GET /workers/w/logs?tail=5 `,
		`GET /workers/w/logs `,
	}, got)
}

func TestPagesAreTurnedUntilThereIsEnough(t *testing.T) {
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := map[string]string{"": "b", "b": "c"}
		q := r.URL.Query()
		page := map[string]any{"connections": []any{map[string]string{"id": q.Get("cursor") + "1", "state": q.Get("state")}}, "next": nil}
		if n, ok := next[q.Get("cursor")]; ok {
			page["next"] = n
		}
		writeJSON(w, http.StatusOK, page)
	}))
	for limit, want := range map[int]int{0: 3, 1: 1, 2: 2, 3: 3, 9: 3} {
		found, err := c.Connections(t.Context(), url.Values{"state": {"idle"}}, limit)
		require.NoError(t, err)
		require.Len(t, found.Rows, want)
		require.Equal(t, limit > 0 && limit < 3, found.More)
		for _, row := range found.Rows {
			require.Equal(t, "idle", row.View.State, "every page is of the same query")
			require.True(t, json.Valid(row.JSON))
		}
	}
}

func TestAListingWithoutPagesSaysThatThereIsMore(t *testing.T) {
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"connections": []any{map[string]string{"id": "1"}}, "next": nil, "truncated": true})
	}))
	found, err := c.Connections(t.Context(), url.Values{"sort": {"-idle_ms"}}, 0)
	require.NoError(t, err)
	require.Len(t, found.Rows, 1)
	require.True(t, found.More)
}

// A master that is killed when it has taken the request, and has not answered.
func TestAReloadWhoseAnswerIsLostIsAskedForAgainByTheSameKey(t *testing.T) {
	keys := &asked{}
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if keys.add(r.Header.Get("Idempotency-Key")) < 3 {
			cut(w)
			return
		}
		writeJSON(w, http.StatusAccepted, map[string]any{"id": "r1", "state": "rolling", "generation": 2, "requested_at": time.Now()})
	}))
	answer, err := c.Reload(t.Context(), ReloadRequest{Key: "deploy-7"})
	require.NoError(t, err)
	require.Equal(t, "r1", answer.View.ID)
	require.GreaterOrEqual(t, len(keys.all()), 4)
	for _, key := range keys.all() {
		require.Equal(t, "deploy-7", key)
	}
}

func TestAWaitThatIsGivenUpSaysWhy(t *testing.T) {
	c, _ := masterOf(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or net/http would not see the client leave
		<-r.Context().Done()
	}))
	why := errors.New("no more time")
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, why)
	defer cancel()
	_, err := c.Reload(ctx, ReloadRequest{Key: "k"})
	require.ErrorIs(t, err, why)
	require.ErrorIs(t, c.Events(ctx, nil, nil, nil), why)
	_, err = c.Follow(ctx, "r1", func(view.Reload) bool { return false }, func(Event) {})
	require.ErrorIs(t, err, why)
}
