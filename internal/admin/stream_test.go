package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/record"
	"rota/internal/sse"
)

func TestEventsArriveOneByOne(t *testing.T) {
	f := newFakeMaster()
	f.tell(3) // before, so not told
	stream := serve(t, newServer(f)).open("GET", "/events")
	require.Equal(t, "no-cache, no-transform", stream.head.Get("Cache-Control"))
	require.Equal(t, "no", stream.head.Get("X-Accel-Buffering"))
	for seq := 4; seq < 20; seq++ {
		f.tell(1) // and nothing more until this one has arrived
		m := stream.named("worker.ready")
		require.Equal(t, fmt.Sprint(seq), m.id)
		require.EqualValues(t, seq, m.data["seq"])
		require.Equal(t, f.workers[0].ID, m.data["worker"].(object)["id"])
		require.Equal(t, "starting", m.data["from"])
	}
}

func TestProgressIsAtTheTop(t *testing.T) {
	f := newFakeMaster()
	stream := serve(t, newServer(f)).open("GET", "/events")
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	queued := stream.named("reload.queued")
	require.NotContains(t, queued.data, "replaced")
	for _, name := range []string{"steps", "callers"} {
		require.Contains(t, queued.data["reload"], name)
		require.Nil(t, queued.data["reload"].(object)[name], "it comes with the last event")
	}
	f.move(r.ID, record.ReloadRolling, record.EventReloadProgress, func(r *record.Reload) {
		r.Replaced, r.Draining, r.ConnectionsRemaining, r.ConnectionsCounted = 1, 1, 5, true
	})
	m := stream.named("reload.progress")
	require.Equal(t, r.ID, m.data["reload_id"])
	for name, want := range map[string]float64{"replaced": 1, "total": 2, "draining": 1, "connections_remaining": 5} {
		require.Equal(t, want, m.data[name], name)
	}
	require.Equal(t, "queued", m.data["from"])
	f.move(r.ID, record.ReloadRolling, record.EventReloadProgress, func(r *record.Reload) { r.ConnectionsCounted = false })
	m = stream.named("reload.progress")
	require.NotContains(t, m.data, "from", "its state is what it was")
	require.Contains(t, m.data, "connections_remaining")
	require.Nil(t, m.data["connections_remaining"], "they were not counted")
	f.move(r.ID, record.ReloadReverting, record.EventReloadProgress)
	require.Equal(t, "rolling", stream.named("reload.progress").data["from"])
	f.move(r.ID, record.ReloadFailed, record.EventReloadFailed)
	m = stream.named("reload.failed")
	require.Equal(t, "reverting", m.data["from"])
	require.Len(t, m.data["reload"].(object)["callers"], 1)
}

func TestScalingTellsBothSizes(t *testing.T) {
	f := newFakeMaster()
	stream := serve(t, newServer(f)).open("GET", "/events")
	f.with(func() { f.publish(record.Event{Type: record.EventPoolScaled, Workers: 3, Before: 2}) })
	m := stream.named("pool.scaled")
	require.EqualValues(t, 3, m.data["pool_size"])
	require.EqualValues(t, 2, m.data["pool_size_before"])
	require.NotContains(t, m.data, "from", "a size is no state")
}

// What a worker prints is shown as it is, and an event is one line whatever it holds.
func TestNothingIsEscapedForHTML(t *testing.T) {
	const said = "<b>it's \"5 > 3\" & more</b>"
	f := newFakeMaster()
	s := newServer(f)
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI, Reason: said})
	require.NoError(t, err)
	f.move(r.ID, record.ReloadFailed, record.EventReloadFailed, func(r *record.Reload) {
		r.Failure = &record.Failure{Code: record.WorkerFailed, Message: said + "\r\n\u2028", Output: []string{said}}
	})
	f.status.Reload = &f.reloads[0]
	const raw = `<b>it's \"5 > 3\" & more</b>`
	for _, target := range []string{"/status", "/reloads/" + r.ID, "/reloads/" + r.ID + "/events"} {
		a := get(t, s, target)
		require.Contains(t, a.Body.String(), raw, target)
		require.NotContains(t, a.Body.String(), "\r")
		require.NotContains(t, a.Body.String(), "\u2028")
	}
	require.Contains(t, get(t, s, "/connections?sort=<>").Body.String(), `\"<>\" is none of`)
	web := serve(t, s)
	require.Equal(t, said, web.open("GET", "/events?stats=1m").named("stats").data["status"].(object)["reload"].(object)["reason"])
	failed := web.open("GET", "/events?recent=1").named("reload.failed") // named fails unless it is one line
	require.Equal(t, said+"\r\n\u2028", failed.data["reload"].(object)["error"].(object)["message"])
}

func TestReplay(t *testing.T) {
	f := newFakeMaster()
	f.tell(10)
	web := serve(t, newServer(f))
	for _, c := range []struct {
		target, header string
		first          int
	}{
		{"/events?after=7", "", 8},
		{"/events", "Last-Event-ID: 7", 8},
		{"/events?after=2&recent=1", "Last-Event-ID: 8", 9}, // the header is the newest
		{"/events?after=6&recent=1", "", 7},
		{"/events?after=0", "", 1},
		{"/events?recent=4", "", 7},
		{"/events?recent=1000", "", 1},
		{"/events?after=10", "", 11},
		{"/events?recent=0", "Last-Event-ID: ", 11},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		stream := web.open("GET", c.target, headers...)
		f.tell(1)
		for seq := c.first; seq <= int(f.last); seq++ {
			require.Equal(t, fmt.Sprint(seq), stream.named("worker.ready").id, c.target)
		}
		stream.close()
		<-f.closed
		f.with(func() { f.events, f.last = f.events[:10], 10 })
	}
	require.Zero(t, f.readers())
}

func TestLostEvents(t *testing.T) {
	f := newFakeMaster()
	f.tell(10)
	f.forget(4)
	web := serve(t, newServer(f))
	for _, after := range []int{3, 99} { // too long ago, and another master's
		stream := web.open("GET", fmt.Sprint("/events?after=", after))
		lost := stream.next()
		require.Equal(t, "events.lost", lost.name)
		require.EqualValues(t, after, lost.data["after"])
		for seq := 7; seq <= 10; seq++ {
			require.Equal(t, fmt.Sprint(seq), stream.named("worker.ready").id)
		}
	}
	require.Equal(t, "7", web.open("GET", "/events?after=6").named("worker.ready").id)
}

func TestStreamParametersAreChecked(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for query, field := range map[string]string{
		"after=x": "after", "after=-1": "after", "after=1.5": "after", "after=": "after", "recent=1001": "recent", "recent=-1": "recent",
		"stats=1": "stats", "stats=99ms": "stats", "stats=61s": "stats", "last=1": "last",
	} {
		get(t, s, "/events?"+query).problem(http.StatusBadRequest, field)
	}
	get(t, s, "/events", "Last-Event-ID: x").problem(http.StatusBadRequest, "Last-Event-ID")
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	get(t, s, "/reloads/"+r.ID+"/events?after=x").problem(http.StatusBadRequest, "after")
	get(t, s, "/reloads/"+r.ID+"/events?recent=1").problem(http.StatusBadRequest, "recent")
}

func TestReloadEvents(t *testing.T) {
	f := newFakeMaster()
	f.tell(2)
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	f.tell(1)
	web := serve(t, newServer(f))
	stream := web.open("GET", "/reloads/"+r.ID+"/events")
	require.Equal(t, "3", stream.named("reload.queued").id)
	f.move(r.ID, record.ReloadRolling, record.EventReloadStarted)
	f.tell(1)
	stream.named("reload.started")
	f.move(r.ID, record.ReloadLive, record.EventReloadLive)
	f.move(r.ID, record.ReloadCompleted, record.EventReloadCompleted, func(r *record.Reload) {
		r.Steps = []record.Step{{At: startedAt, Action: "ready", WorkerID: newID()}}
	})
	stream.named("reload.live")
	require.Len(t, stream.named("reload.completed").data["reload"].(object)["steps"], 1)
	stream.ends()

	again := web.open("GET", "/reloads/"+r.ID+"/events", "Last-Event-ID: 5")
	again.named("reload.live")
	again.named("reload.completed")
	again.ends()
}

func TestReloadEventsWhenItIsOver(t *testing.T) {
	f := newFakeMaster()
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	f.move(r.ID, record.ReloadFailed, record.EventReloadFailed)
	f.with(func() { f.publish(record.Event{Type: record.EventWorkerExited, ReloadID: r.ID, Worker: &f.gone[0]}) }) // straggles
	s := newServer(f)
	path := "/reloads/" + r.ID + "/events"
	for _, after := range []string{"2", "3"} {
		over := get(t, s, path, "Last-Event-ID: "+after)
		require.Equal(t, http.StatusNoContent, over.Code)
		require.Empty(t, over.Body.String())
	}
	require.Equal(t, http.StatusNoContent, do(t, s, "HEAD", path+"?after=2", "").Code)
	require.Contains(t, get(t, s, path+"?after=1").Body.String(), "event: reload.failed")

	f.forget(2) // its first event is gone
	text := get(t, s, path).Body.String()
	require.Contains(t, text, "event: events.lost")
	require.Contains(t, text, "event: reload.failed")
	require.NotContains(t, text, "worker.exited")
	f.forget(0)
	p := get(t, s, path).problem(http.StatusGone, "")
	require.Contains(t, p["detail"], "/reloads/"+r.ID)
	require.Zero(t, f.readers())
	require.Empty(t, s.streams.taken)
}

func TestReloadThatStreamsItsProgress(t *testing.T) {
	f := newFakeMaster()
	f.tell(5)
	web := serve(t, newServer(f))
	stream := web.open("POST", "/reload", "Accept: text/event-stream")
	id := f.newest()
	require.Equal(t, "/reloads/"+id, stream.head.Get("Location"))
	require.Equal(t, id, stream.named("reload.queued").data["reload_id"])
	f.move(id, record.ReloadAborted, record.EventReloadAborted)
	stream.named("reload.aborted")
	stream.ends()
}

func TestHeartbeat(t *testing.T) {
	s := newServer(newFakeMaster())
	require.Equal(t, 15*time.Second, s.times.heartbeat)
	s.times.heartbeat = time.Millisecond
	stream := serve(t, s).open("GET", "/events")
	for range 3 {
		require.True(t, stream.next().comment)
	}
}

func TestStats(t *testing.T) {
	f := newFakeMaster()
	stream := serve(t, newServer(f)).open("GET", "/events?stats=1m&recent=5")
	first := stream.named("stats")
	require.EqualValues(t, 2, first.data["status"].(object)["pool"].(object)["ready"])
	require.Len(t, first.data["workers"], 2)
	f.with(func() { f.status.Ready = 1 })
	f.tell(1)
	stream.named("worker.ready")
	require.EqualValues(t, 1, stream.named("stats").data["status"].(object)["pool"].(object)["ready"],
		"statistics follow an event long before the minute is over")
}

func TestStatsInterval(t *testing.T) {
	f := newFakeMaster()
	stream := serve(t, newServer(f)).open("GET", "/events?stats=100ms")
	for range 4 {
		require.Equal(t, "stats", stream.next().name)
	}
}

func TestWhenStatisticsAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ticker := newStatsTicker(time.Second, 100*time.Millisecond, nil, nil)
		dueAt := func() time.Duration { <-ticker.Due(); return time.Since(began) }
		ticker.sent(time.Now())
		require.Equal(t, time.Second, dueAt())
		ticker.sent(time.Now())
		time.Sleep(500 * time.Millisecond)
		for range 5 { // a burst
			ticker.Changed()
		}
		require.Equal(t, 1510*time.Millisecond, dueAt(), "soon after a change")
		ticker.sent(time.Now())
		ticker.Changed()
		require.Equal(t, 1610*time.Millisecond, dueAt(), "but not too often")
		ticker.Changed()
		ticker.sent(began.Add(1550 * time.Millisecond))
		require.Equal(t, 1710*time.Millisecond, dueAt(), "what the sample was too old to show comes after")
		ticker.sent(time.Now())
		require.Equal(t, 2710*time.Millisecond, dueAt())
	})
}

func TestTooManyStreams(t *testing.T) {
	f := newFakeMaster()
	s := New(f, Options{MaxStreams: 2})
	web := serve(t, s)
	first, second := web.open("GET", "/events"), web.open("GET", "/events")
	for _, c := range [][2]string{{"GET", "/events"}, {"POST", "/reload"}} {
		a := do(t, s, c[0], c[1], "", "Accept: text/event-stream")
		a.problem(http.StatusServiceUnavailable, "")
		require.Equal(t, "1", a.Header().Get("Retry-After"))
	}
	require.Empty(t, f.requests, "no seat, no reload")
	first.close()
	<-f.closed
	s.streams.taken <- struct{}{} // as soon as there is one
	<-s.streams.taken
	web.open("GET", "/events")
	f.tell(1)
	second.named("worker.ready")
}

func TestStreamsEndAtShutdown(t *testing.T) {
	f := newFakeMaster()
	r, err := f.Reload(record.ReloadRequest{Trigger: record.TriggerAPI})
	require.NoError(t, err)
	s := newServer(f)
	web := serve(t, s)
	all, one := web.open("GET", "/events?after=1&stats=1m"), web.open("GET", "/reloads/"+r.ID+"/events")
	one.named("reload.queued")
	f.with(func() {
		s.end.Do(func() { close(s.closing) }) // at the same time as the last event
		f.publish(record.Event{Type: record.EventWorkerExited, Worker: &f.gone[0]})
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, s.Shutdown(ctx))
	for _, stream := range []*events{all, one} {
		_, err := io.ReadAll(stream.r)
		require.NoError(t, err, "the answer ends properly")
	}
	require.Zero(t, f.readers())
	get(t, s, "/events").problem(http.StatusServiceUnavailable, "")
}

// What has happened before the end is told, though the end may be noticed first.
func TestTheLastEventsAreToldAtShutdown(t *testing.T) {
	for range 50 {
		f := newFakeMaster()
		s := newServer(f)
		f.tell(1)
		subscription, err := f.Subscribe(1)
		require.NoError(t, err)
		f.tell(3)
		close(s.closing)
		w := &discard{header: http.Header{}}
		out, err := sse.Open(flushing{w}, time.Second)
		require.NoError(t, err)
		told := feed{Subscription: subscription}
		sse.Follow(out, told.C, func(e record.Event) bool { return passOn(out, told, e) }, sse.Options{Heartbeat: time.Minute, Closing: s.closing})
		require.Empty(t, subscription.C)
	}
}

type flushing struct{ *discard }

func (flushing) Flush() {}

func TestStreamsEndWithTheMaster(t *testing.T) {
	f := newFakeMaster()
	stream := serve(t, newServer(f)).open("GET", "/events")
	f.tell(2)
	f.end()
	stream.named("worker.ready")
	stream.named("worker.ready")
	stream.ends()
}

func TestAReaderThatFallsBehindIsCutOff(t *testing.T) {
	f := newFakeMaster()
	f.buffer = 3
	s := newServer(f)
	stream := serve(t, s).open("GET", "/events")
	f.with(func() {
		for range 200 { // faster than anyone can read
			f.publish(record.Event{Type: record.EventMasterStarted})
		}
	})
	for want := 1; ; want++ {
		m, err := stream.read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(want), m.id, "without a gap up to the cut")
		require.Less(t, want, 200)
	}
	<-f.closed
}

// A reader that reads nothing at all holds up nobody, and is gone after the write timeout.
func TestAReaderThatStopsReadingIsCutOff(t *testing.T) {
	f := newFakeMaster()
	f.buffer = 10_000
	s := newServer(f)
	s.times.write = 50 * time.Millisecond
	web := serve(t, s)
	conn, err := net.Dial("tcp", strings.TrimPrefix(web.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: %s\r\n\r\n", here)
	require.NoError(t, err)
	one := make([]byte, 1)
	_, err = io.ReadFull(conn, one) // the stream has begun
	require.NoError(t, err)
	f.with(func() {
		for range 2000 {
			f.publish(record.Event{Type: record.EventMasterStarted, Message: strings.Repeat("x", 10_000)})
		}
	})
	select {
	case <-f.closed:
	case <-time.After(time.Minute):
		require.Fail(t, "the stream still has its reader")
	}
}

func TestAClosedStreamLeavesNothing(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	stream := serve(t, s).open("GET", "/events?stats=100ms")
	require.Equal(t, 1, f.readers())
	stream.close()
	<-f.closed
	require.Zero(t, f.readers())
}

func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	web := serve(t, s)
	cut := make(chan error, 1)
	go func() {
		_, err := web.request(context.Background(), "POST", "/reload?wait=live", "")
		cut <- err
	}()
	<-f.waiting
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
	require.Error(t, <-cut)
	<-f.abandoned
}
