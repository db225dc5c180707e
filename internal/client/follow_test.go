package client

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"rota/internal/view"

	"github.com/stretchr/testify/require"
)

// fakeReload is a reload whose state a test sets.
type fakeReload struct {
	view   atomic.Value // string of JSON
	looks  atomic.Int64
	events http.HandlerFunc
}

func (f *fakeReload) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/reloads/r1/events" {
		f.events(w, r)
		return
	}
	f.looks.Add(1)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, f.view.Load())
}

func reloadIn(state string) string {
	return fmt.Sprintf(`{"id":"r1","generation":2,"requested_at":"2026-11-27T12:00:00Z","state":%q,"on_trial":%t,"replaced":1,"total":2}`, state, state == "rolling")
}

func event(state string) string {
	return fmt.Sprintf(`{"type":"reload.progress","message":"m","reload":%s}`, reloadIn(state))
}

func never(view.Reload) bool { return false }

// A stream that breaks after each event.
func TestAReloadIsFollowedOverBrokenStreams(t *testing.T) {
	f := &fakeReload{}
	f.view.Store(reloadIn("rolling"))
	f.events = func(w http.ResponseWriter, r *http.Request) {
		beginStream(w)
		switch r.Header.Get("Last-Event-ID") {
		case "":
			put(w, 4, "reload.started", event("rolling"))
		case "4":
			put(w, 7, "reload.live", event("live"))
		default:
			f.view.Store(reloadIn("completed"))
			put(w, 9, "reload.completed", event("completed"))
		}
		cut(w)
	}
	c, _ := masterOf(t, f)
	c.times.look = patience // so that it is the events that say it
	var told []string
	answer, err := c.Follow(t.Context(), "r1", never, func(e Event) { told = append(told, e.Type) })
	require.NoError(t, err)
	require.Equal(t, []string{"reload.started", "reload.live", "reload.completed"}, told)
	require.Equal(t, "completed", answer.View.State)
	require.JSONEq(t, reloadIn("completed"), string(answer.JSON))
	require.EqualValues(t, 1, f.looks.Load())
}

func TestAReloadIsFollowedWithoutAnyStream(t *testing.T) {
	f := &fakeReload{events: func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusServiceUnavailable, problemJSON(http.StatusServiceUnavailable, "too many streams"))
	}}
	f.view.Store(reloadIn("rolling"))
	c, _ := masterOf(t, f)
	time.AfterFunc(20*time.Millisecond, func() { f.view.Store(reloadIn("failed")) })
	answer, err := c.Follow(t.Context(), "r1", never, func(Event) {})
	require.NoError(t, err)
	require.Equal(t, "failed", answer.View.State)
}

func TestAReloadIsFollowedAsFarAsItIsWanted(t *testing.T) {
	f := &fakeReload{events: func(w http.ResponseWriter, r *http.Request) {
		beginStream(w)
		put(w, 1, "reload.live", event("live"))
		<-r.Context().Done()
	}}
	f.view.Store(reloadIn("live"))
	c, _ := masterOf(t, f)
	c.times.look = patience
	answer, err := c.Follow(t.Context(), "r1", view.Reload.Live, func(Event) {})
	require.NoError(t, err)
	require.Equal(t, "live", answer.View.State)
}

func TestAReloadThatANewMasterDoesNotKnowIsAProblem(t *testing.T) {
	c, _ := masterOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotFound, problemJSON(http.StatusNotFound, "no reload"))
	}))
	_, err := c.Follow(t.Context(), "r1", never, func(Event) {})
	require.Equal(t, http.StatusNotFound, StatusOf(err))
}

func TestAMasterThatGoesAwayWhileItIsFollowedIsUnreachable(t *testing.T) {
	f := &fakeReload{events: func(w http.ResponseWriter, r *http.Request) {
		beginStream(w)
		put(w, 1, "reload.started", event("rolling"))
		<-r.Context().Done()
	}}
	f.view.Store(reloadIn("rolling"))
	c, server := masterOf(t, f)
	c.times.patience = 50 * time.Millisecond
	_, err := c.Follow(t.Context(), "r1", never, func(Event) {
		server.Listener.Close()
		server.CloseClientConnections()
	})
	require.ErrorAs(t, err, new(*Unreachable))
}

func TestTheLastEventOfAMasterThatIsGoneCounts(t *testing.T) {
	f := &fakeReload{}
	f.view.Store(reloadIn("rolling"))
	f.events = func(w http.ResponseWriter, _ *http.Request) {
		beginStream(w)
		put(w, 1, "reload.aborted", event("aborted"))
	}
	c, server := masterOf(t, f)
	c.times.look = patience
	answer, err := c.Follow(t.Context(), "r1", never, func(Event) {
		server.Listener.Close()
		server.CloseClientConnections()
	})
	require.NoError(t, err)
	require.Equal(t, "aborted", answer.View.State)
	require.JSONEq(t, reloadIn("aborted"), string(answer.JSON))
}

func TestWhatIsLiveAndWhatIsLost(t *testing.T) {
	require.True(t, view.Reload{State: "live"}.Live())
	require.True(t, view.Reload{State: "completed"}.Live())
	require.False(t, view.Reload{State: "live", OnTrial: true}.Live())
	require.False(t, view.Reload{State: "rolling"}.Live())

	require.False(t, view.Reload{ConnectionsCut: new(0), Receipt: &view.Receipt{}}.Lossy(), "unknown is not lost")
	require.True(t, view.Reload{ConnectionsCut: new(1)}.Lossy())
	evicted := view.Receipt{}
	evicted.Connections.Evicted = 1
	require.False(t, view.Reload{Receipt: &evicted}.Lossy(), "the master says what is a loss")
	evicted.Losses = []string{"1 connection was evicted"}
	require.True(t, view.Reload{Receipt: &evicted}.Lossy())
	evicted.Losses, evicted.Lossless = nil, new(false)
	require.True(t, view.Reload{Receipt: &evicted}.Lossy())
}
