package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/master"
	"rota/internal/record"
)

// fakeWithWaiting has, of four slots, a waiting one between two workers, and one after them
// whose last worker was given up.
func fakeWithWaiting() *fakeMaster {
	f := newFakeMaster()
	f.workers[1].Slot = 2
	died := record.Worker{ID: newID(), Slot: 1, Generation: 3, PID: 4711, State: record.WorkerExited, StartedAt: startedAt,
		Exit: &record.Exit{Code: 3, Output: []string{"no database", "<giving up>"}}}
	late := record.Worker{ID: newID(), Slot: 3, Generation: 3, PID: 4712, State: record.WorkerDraining, StartedAt: startedAt}
	f.status.Size = 4
	f.status.Waiting = []master.WaitingSlot{{Slot: 1, Deaths: 4, NextTry: time.Now().Add(time.Hour), Last: died}, {Slot: 3, Deaths: 2, Last: late}}
	return f
}

func TestStatusShowsWaitingSlots(t *testing.T) {
	f := fakeWithWaiting()
	s := newServer(f)
	waiting := get(t, s, "/status").is(http.StatusOK)["waiting"].([]any)
	require.Len(t, waiting, 2)
	first := waiting[0].(object)
	require.EqualValues(t, 1, first["slot"])
	require.EqualValues(t, 4, first["deaths"])
	require.NotEmpty(t, first["next_try_at"])
	require.Nil(t, waiting[1].(object)["next_try_at"])
	last := first["last"].(object)
	require.Equal(t, f.status.Waiting[0].Last.ID, last["id"])
	require.Equal(t, "exited", last["state"])
	require.Equal(t, object{"code": 3.0, "signal": nil, "error": nil, "output": []any{"no database", "<giving up>"},
		"connections_cut": 0.0, "cut_connections": []any{}, "text": "exited with code 3"}, last["exit"])
	require.Equal(t, "4 deaths in a row, the last: exited with code 3", first["text"])
	require.Nil(t, waiting[1].(object)["last"].(object)["exit"], "it still drains")

	stats := serve(t, s).open("GET", "/events?stats=1m").named("stats")
	require.Equal(t, any(waiting), stats.data["status"].(object)["waiting"])
}

func TestTheSummaryShowsWaitingSlots(t *testing.T) {
	f := fakeWithWaiting()
	s := newServer(f)
	text := get(t, s, "/").Body.String()
	require.Regexp(t, `(?m)^SLOT .*
0 +ready .*
1 +waiting .* 4 deaths in a row, the last: exited with code 3; next try in (1h0m0s|59m.*s)
2 +starting .*
3 +waiting .* 2 deaths in a row, the last: was not ready in time\n$`, text)
	f.status.Waiting[0].Last.Exit = &record.Exit{Code: -1, Signal: "SIGKILL"}
	f.workers = nil
	require.Regexp(t, `(?m)^SLOT .*\n1 +waiting .*: was ended by signal SIGKILL; next try in .*\n3 +waiting`, get(t, s, "/").Body.String())
}

func TestReadinessNamesWaitingSlots(t *testing.T) {
	f := fakeWithWaiting()
	s := newServer(f)
	get(t, s, "/readyz").is(http.StatusOK) // two deaths are no crash loop yet
	f.status.Looping = []int{1}
	p := get(t, s, "/readyz").problem(http.StatusServiceUnavailable, "")
	require.Regexp(t, "slot 1 is in a crash loop; "+
		"slot 1 waits for its next worker: 4 deaths in a row, the last: exited with code 3; next try in .*; "+
		"slot 3 waits for its next worker: 2 deaths in a row, the last: was not ready in time", p["detail"])
	require.Len(t, p["reasons"], 3)
}
