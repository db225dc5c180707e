package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/output"
)

// printed is the fake's first worker, which has printed lines 1 to n.
func printed(f *fakeMaster, n int) (worker, path string) {
	worker = f.workers[0].ID
	for i := range n {
		f.print(worker, fmt.Sprint("line ", i+1))
	}
	return worker, "/workers/" + worker + "/logs"
}

func lineNumbers(view map[string]any) (list []int) {
	for _, l := range view["lines"].([]any) {
		list = append(list, int(l.(object)["number"].(float64)))
	}
	return list
}

func TestWhatAWorkerPrintedLast(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	worker, path := printed(f, 0)
	require.Equal(t, object{"worker_id": worker, "lines": []any{}, "printed": 0.0, "unlogged": 0.0}, get(t, s, path).is(http.StatusOK))
	printed(f, 5)
	view := get(t, s, path).is(http.StatusOK)
	require.Equal(t, []int{1, 2, 3, 4, 5}, lineNumbers(view))
	require.EqualValues(t, 5, view["printed"])
	first := view["lines"].([]any)[0].(object)
	require.Equal(t, "line 1", first["text"])
	require.Equal(t, "stderr", first["stream"])
	for query, want := range map[string][]int{
		"tail=2": {4, 5}, "tail=0": nil, "tail=200": {1, 2, 3, 4, 5}, "after=3": {4, 5}, "after=2&tail=1": {5}, "after=9": nil,
		"follow=false&tail=1": {5},
	} {
		require.Equal(t, want, lineNumbers(get(t, s, path+"?"+query).is(http.StatusOK)), query)
	}
	f.flood(worker, 1000)
	view = get(t, s, path).is(http.StatusOK)
	require.EqualValues(t, 1005, view["printed"])
	require.EqualValues(t, 1000, view["unlogged"])
}

func TestParametersOfLogsAreChecked(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	_, path := printed(f, 1)
	for query, field := range map[string]string{
		"tail=201": "tail", "tail=-1": "tail", "tail=x": "tail", "after=x": "after", "follow=yes": "follow", "follow=": "follow", "lines=3": "lines",
	} {
		get(t, s, path+"?"+query).problem(http.StatusBadRequest, field)
	}
}

func TestLogsThatAreNotKept(t *testing.T) {
	f := newFakeMaster()
	s := newServer(f)
	for _, query := range []string{"", "?follow=true"} {
		p := get(t, s, "/workers/"+f.gone[0].ID+"/logs"+query).problem(http.StatusGone, "")
		require.Contains(t, p["detail"], "not kept any more")
		get(t, s, "/workers/nobody/logs"+query).problem(http.StatusNotFound, "")
		require.Equal(t, http.StatusGone, do(t, s, "HEAD", "/workers/"+f.gone[0].ID+"/logs"+query, "").Code)
	}
	require.Empty(t, s.streams.taken)
}

func TestAWorkerIsFollowedToItsEnd(t *testing.T) {
	f := newFakeMaster()
	worker, path := printed(f, 3)
	stream := serve(t, newServer(f)).open("GET", path+"?follow=true")
	for n := 1; n <= 3; n++ {
		require.Equal(t, fmt.Sprint(n), stream.named("log.line").id)
	}
	f.print(worker, "now", "<b>\nmore\r")
	require.Equal(t, "now", stream.named("log.line").data["text"])
	require.Equal(t, "<b>\nmore\r", stream.named("log.line").data["text"], "it is one line of data whatever it holds")
	f.exits(worker, 3)
	end := stream.named("log.end")
	require.Equal(t, worker, end.data["worker_id"])
	require.EqualValues(t, 3, end.data["exit"].(object)["code"])
	require.EqualValues(t, 5, end.data["printed"])
	stream.ends()
	<-f.closed
}

func TestFollowingBeginsWhereItIsTold(t *testing.T) {
	f := newFakeMaster()
	worker, path := printed(f, 10)
	web := serve(t, newServer(f))
	for _, c := range []struct {
		query, header string
		first         int
	}{
		{"", "", 1}, {"&tail=2", "", 9}, {"&tail=0", "", 11}, {"&after=7", "", 8}, {"", "Last-Event-ID: 7", 8}, {"&after=3", "Last-Event-ID: 8", 9},
		{"&after=10", "", 11},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		stream := web.open("GET", path+"?follow=true"+c.query, headers...)
		f.print(worker, "one more")
		for n := c.first; n <= 11; n++ {
			require.Equal(t, fmt.Sprint(n), stream.named("log.line").id, "%v", c)
		}
		stream.close()
		<-f.closed
		f.with(func() { f.logs[worker].Lines, f.logs[worker].Printed = f.logs[worker].Lines[:10], 10 })
	}
}

func TestAGapInALogIsTold(t *testing.T) {
	f := newFakeMaster()
	worker, path := printed(f, 3)
	web := serve(t, newServer(f))
	stream := web.open("GET", path+"?follow=true&tail=1")
	require.Equal(t, "3", stream.named("log.line").id, "who begins here has lost nothing")
	f.flood(worker, 1000)
	f.print(worker, "after the flood")
	lost := stream.named("log.lost")
	require.EqualValues(t, 3, lost.data["after"])
	require.EqualValues(t, 1000, lost.data["lines"])
	require.Equal(t, "1004", stream.named("log.line").id)

	late := web.open("GET", path+"?follow=true", "Last-Event-ID: 2")
	require.EqualValues(t, 1001, late.named("log.lost").data["lines"])
	require.Equal(t, "1004", late.named("log.line").id)

	wrong := web.open("GET", path+"?follow=true&after=2000")
	lost = wrong.named("log.lost")
	require.EqualValues(t, 2000, lost.data["after"])
	require.Nil(t, lost.data["lines"])
	require.Equal(t, "1004", wrong.named("log.line").id)
}

func TestFollowingAWorkerThatIsGone(t *testing.T) {
	f := newFakeMaster()
	worker, path := printed(f, 2)
	f.exits(worker, 0)
	s := newServer(f)
	path += "?follow=true"
	stream := serve(t, s).open("GET", path)
	stream.named("log.line")
	stream.named("log.line")
	require.Equal(t, "2", stream.named("log.end").id)
	stream.ends()
	over := get(t, s, path, "Last-Event-ID: 2")
	require.Equal(t, http.StatusNoContent, over.Code, "an EventSource that comes back stays away then")
	require.Contains(t, get(t, s, path, "Last-Event-ID: 1").Body.String(), "event: log.line")
	head := do(t, s, "HEAD", path, "")
	require.Equal(t, "text/event-stream", head.Header().Get("Content-Type"))
}

func TestAFollowedLogTakesASeat(t *testing.T) {
	f := newFakeMaster()
	_, path := printed(f, 1)
	s := New(f, Options{MaxStreams: 1})
	web := serve(t, s)
	first := web.open("GET", path+"?follow=true")
	get(t, s, "/events").problem(http.StatusServiceUnavailable, "")
	get(t, s, path+"?follow=true").problem(http.StatusServiceUnavailable, "")
	get(t, s, path).is(http.StatusOK)
	first.close()
	<-f.closed
	s.streams.taken <- struct{}{} // as soon as there is one
}

func TestManyLinesAreSentInPieces(t *testing.T) {
	f := newFakeMaster()
	worker, path := printed(f, 1)
	stream := serve(t, newServer(f)).open("GET", path+"?follow=true&tail=0")
	texts := make([]string, 3000)
	for i := range texts {
		texts[i] = strings.Repeat("x", i%100)
	}
	f.print(worker, texts...)
	for i, text := range texts {
		m := stream.named("log.line")
		require.Equal(t, fmt.Sprint(i+2), m.id)
		require.Equal(t, text, m.data["text"])
	}
}

func TestAFollowedLogEndsAtShutdown(t *testing.T) {
	f := newFakeMaster()
	worker, path := printed(f, 1)
	s := newServer(f)
	stream := serve(t, s).open("GET", path+"?follow=true")
	stream.named("log.line")
	f.with(func() { s.end.Do(func() { close(s.closing) }) })
	stream.ends()
	<-f.closed
	f.exits(worker, 0)
	get(t, s, path+"?follow=true").problem(http.StatusServiceUnavailable, "")
}

func TestAFollowerThatFallsBehindIsCutOffWithoutAnEnd(t *testing.T) {
	f := newFakeMaster()
	f.buffer = 3
	worker, path := printed(f, 1)
	stream := serve(t, newServer(f)).open("GET", path+"?follow=true&tail=0")
	f.with(func() {
		log := f.logs[worker]
		for reader, parts := range log.readers {
			for n := range cap(parts) {
				parts <- output.LogPart{Lines: []output.LogLine{{Number: uint64(n + 2), Time: startedAt, Stream: "stdout"}}}
			}
			log.remove(reader)
		}
	})
	for n := 2; n < 5; n++ {
		require.Equal(t, fmt.Sprint(n), stream.named("log.line").id)
	}
	stream.ends()
}
