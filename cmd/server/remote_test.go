package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aFullHouse has two ready workers, one that drains in slot 0, and no reload under way.
func aFullHouse(t *testing.T) *fakeAPI {
	t.Helper()
	worker := func(id string, slot int, state string) string {
		return fmt.Sprintf(`{"id":%q,"slot":%d,"generation":2,"revision":null,"pid":7,"state":%q,"connections":3,"exit":null}`, id, slot, state)
	}
	return newFakeAPI(t).
		on("GET /status", http.StatusOK, aStatus(`,"crash_looping":[1],"waiting":[],"missing":["the program was deleted"],"listeners":[{"name":"tcp","network":"tcp","address":":80","queue_depth":1,"backlog":4096}],"reload":null`)).
		on("GET /workers", http.StatusOK, `{"generation":2,"workers":[`+
			worker("0199a1b2-aaaa", 0, "draining")+","+worker(workerID, 0, "ready")+","+worker("0199a1b2-bbbb", 1, "ready")+`]}`)
}

func TestStatusAndWorkersAreTables(t *testing.T) {
	f := aFullHouse(t)
	stdout, stderr, code := f.run("status")
	require.Zero(t, code, stderr)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "rota v1  pid 42  up 1m1s  generation 2\n")
	require.Contains(t, stdout, "2 of 2 ready, 0 starting, 1 draining, crash loop in slots [1]\n")
	require.Contains(t, stdout, "tcp :80, 1 of 4096 waiting\n")
	require.Contains(t, stdout, "the program was deleted\n")
	require.Contains(t, stdout, "none under way\n")
	require.Contains(t, stdout, workerID)

	stdout, _, _ = f.run("workers")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 4)
	for _, line := range lines {
		require.Equal(t, strings.LastIndex(lines[0], "ID"), strings.LastIndexByte(line, ' ')+1, "the columns stand below each other")
	}
}

func TestJSONIsThatOfTheAPI(t *testing.T) {
	f := aFullHouse(t).
		on("GET /workers/"+workerID, http.StatusOK, `{"id":"w", "state":"ready", "new":1}`).
		on("GET /workers/"+workerID+"/logs", http.StatusOK, `{"worker_id":"w", "lines":[]}`).
		on("PUT /scale", http.StatusOK, `{"workers":8, "before":4}`).
		on("POST /workers/"+workerID+"/rotate", http.StatusAccepted, `{"worker":{"id":"n","state":"starting"}, "replaces":"w"}`).
		on("POST /workers/"+workerID+"/evict", http.StatusOK, `{"evicted":2, "connections":[], "failed":[]}`).
		on("DELETE /connections/1f", http.StatusOK, `{"connection":{"id":"1f"}, "how":"shutdown"}`).
		on("POST /reloads/"+reloadID+"/abort", http.StatusAccepted, `{"id":"`+reloadID+`", "state":"reverting", "generation":2, "requested_at":"2026-11-27T12:00:00Z"}`).
		on("GET /reloads/"+reloadID, http.StatusOK, `{"id":"`+reloadID+`", "state":"live", "generation":2, "requested_at":"2026-11-27T12:00:00Z"}`)
	for args, request := range map[string]string{
		"status": "GET /status", "workers": "GET /workers", "workers slot:0": "GET /workers/" + workerID, "logs slot:0": "GET /workers/" + workerID + "/logs",
		"scale 8": "PUT /scale", "rotate slot:0": "POST /workers/" + workerID + "/rotate", "evict slot:0 --idle=1s": "POST /workers/" + workerID + "/evict",
		"evict --connection 1f": "DELETE /connections/1f", "abort " + reloadID: "POST /reloads/" + reloadID + "/abort", "history " + reloadID: "GET /reloads/" + reloadID,
	} {
		stdout, stderr, code := f.run(append(strings.Fields(args), "--json")...)
		require.Zero(t, code, args+stderr)
		require.Equal(t, f.answers[request].body+"\n", stdout, args)
	}
}

func TestAWorkerCanBeNamedInThreeWays(t *testing.T) {
	f := aFullHouse(t)
	for _, id := range []string{workerID, "0199a1b2-bbbb", "0199a1b2-aaaa"} {
		f.on("POST /workers/"+id+"/evict", http.StatusOK, `{"evicted":1,"connections":[],"failed":[]}`)
	}
	for name, want := range map[string]string{
		workerID: workerID, strings.ToUpper(workerID): workerID, "slot:0": workerID, "slot:1": "0199a1b2-bbbb", "1111": workerID, "0199a1b2-b": "0199a1b2-bbbb", "aaaa": "0199a1b2-aaaa",
	} {
		f.asked = nil
		stdout, stderr, code := f.run("evict", name, "--idle", "1m")
		require.Zero(t, code, stderr)
		require.Equal(t, []string{"POST /workers/" + want + "/evict?idle=1m0s"}, f.asked, name)
		require.Equal(t, "1 connection of worker "+want+" closed\n", stdout)
	}
	for name, c := range map[string]struct {
		code int
		says string
	}{
		"0199": {2, "3 workers have ids"}, "ffff": {1, "no worker has an id"}, "slot:9": {1, "no worker is in slot 9"}, "slot:x": {2, "slot: takes a number"},
	} {
		_, stderr, code := f.run("evict", name, "--idle", "1m")
		require.Equal(t, c.code, code, name)
		require.Contains(t, stderr, c.says)
	}
}

func TestWhatCouldNotBeEvictedIsToldAndFails(t *testing.T) {
	f := aFullHouse(t).on("POST /workers/"+workerID+"/evict", http.StatusOK, `{"evicted":1,"connections":[],"failed":[{"id":"1f","error":"not permitted"}]}`)
	stdout, stderr, code := f.run("evict", "slot:0", "--idle=0s")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "1 connection of worker")
	require.Contains(t, stderr, "connection 1f is still open: not permitted")
}

func TestTheReloadUnderWayIsCommandedUnlessAnotherIsNamed(t *testing.T) {
	f := aFullHouse(t)
	for _, verb := range []string{"abort", "pause", "resume", "promote"} {
		_, stderr, code := f.run(verb)
		require.Equal(t, 1, code)
		require.Contains(t, stderr, "no reload is running")
	}
	f.on("GET /status", http.StatusOK, aStatus(`,"reload":`+reloadJSON("rolling")))
	for _, verb := range []string{"abort", "pause", "resume", "promote"} {
		f.on("POST /reloads/"+reloadID+"/"+verb, http.StatusOK, reloadJSON("rolling"))
		f.on("POST /reloads/"+otherID+"/"+verb, http.StatusConflict, problemJSON(http.StatusConflict, "it is over"))
		stdout, stderr, code := f.run(verb)
		require.Zero(t, code, stderr)
		require.Equal(t, "reload "+reloadID+", rolling, 2/2 slots\n", stdout)
		_, stderr, code = f.run(verb, otherID)
		require.Equal(t, 1, code)
		require.Contains(t, stderr, "it is over")
	}
	f.asked = nil
	f.run("abort", "--reason", "no good")
	require.Equal(t, []string{"POST /reloads/" + reloadID + `/abort {"reason":"no good"}`}, f.asked)
}

func TestConnectionsCanBeChosen(t *testing.T) {
	f := aFullHouse(t).on("GET /connections", http.StatusOK, `{"connections":[{"id":"1","idle_ms":500,"remote":"127.0.0.1:5","state":"active"},`+
		`{"id":"2","idle_ms":60000,"state":"idle"},{"id":"3","idle_ms":null,"state":"idle"}],"next":null,"unseen_workers":["w9"]}`)
	stdout, stderr, code := f.run("connections")
	require.Zero(t, code)
	require.Equal(t, 4, strings.Count(stdout, "\n"))
	require.Contains(t, stderr, "does not show the master what worker w9 holds")

	stdout, _, _ = f.run("connections", "--idle-for", "1s", "--json")
	require.JSONEq(t, `{"connections":[{"id":"2","idle_ms":60000,"state":"idle"}],"next":null,"unseen_workers":["w9"]}`, stdout)
	stdout, stderr, _ = f.run("connections", "--limit", "1")
	require.Equal(t, 2, strings.Count(stdout, "\n"))
	require.Contains(t, stderr, "these are the first 1; there are more")
}

func TestHistoryIsATableAndOneReloadAStory(t *testing.T) {
	one := reloadJSON("failed", `"replaced":0`, `"reason":"x","error":{"message":"it died","slot":1,"output":["boom"]}`, receiptJSON(1, false, "1 connection was cut"),
		`"steps":[{"time":"2026-11-22T08:00:00.000Z","action":"started","slot":1,"worker_id":"w","message":"a\tb\u001b[2J","took_ms":12},`+
			`{"time":"2026-11-22T08:00:01.000Z","action":"draining","slot":1,"worker_id":"w","message":"told to","took_ms":null,"stopped_accepting_at":"2026-11-22T08:00:01.250Z"}]`,
		`"waiting_for":[{"worker_id":"w","slot":1,"connections":2,"active":1,"idle":1,"half_closed":0,"oldest":{"id":"1f","idle_ms":61000,"remote":"127.0.0.1:5"},"peers":["127.0.0.1:5","127.0.0.1:6"]}]`)
	f := newFakeAPI(t).on("GET /reloads", http.StatusOK, `{"reloads":[`+one+`],"next":null}`).on("GET /reloads/"+reloadID, http.StatusOK, one)
	stdout, _, code := f.run("history")
	require.Zero(t, code)
	require.Contains(t, stdout, reloadID+"  failed  3")
	stdout, _, code = f.run("history", reloadID)
	require.Zero(t, code)
	require.Contains(t, stdout, "has failed: it died (slot 1). The generation before still serves.")
	require.Contains(t, stdout, "worker w in slot 1 waits for 2 connections (1 active, 1 idle); quiet the longest: 1f of 127.0.0.1:5, for 1m1s; also 127.0.0.1:6\n")
	require.Regexp(t, `1     started   12ms  +a b\\x1b\[2J`, stdout)
	require.Contains(t, stdout, "told to; it accepted no more after 250ms")
	stdout, _, _ = f.run("history", "--json")
	require.JSONEq(t, `{"reloads":[`+one+`],"next":null}`, stdout)
}

func TestLogsOfAllWorkersAreMixedByTime(t *testing.T) {
	line := func(at, text string) string {
		return fmt.Sprintf(`{"number":1,"time":"2026-11-22T08:00:0%sZ","stream":"stdout","text":%q}`, at, text)
	}
	f := aFullHouse(t).
		on("GET /workers/"+workerID+"/logs", http.StatusOK, `{"worker_id":"a","lines":[`+line("1", "one")+","+line("3", "three")+`]}`).
		on("GET /workers/0199a1b2-bbbb/logs", http.StatusOK, `{"worker_id":"b","lines":[`+line("2", "two")+`]}`).
		on("GET /workers/0199a1b2-aaaa/logs", http.StatusOK, `{"worker_id":"c","lines":[]}`)
	stdout, stderr, code := f.run("logs")
	require.Zero(t, code, stderr)
	require.Equal(t, "0 | one\n1 | two\n0 | three\n", stdout)
	stdout, _, _ = f.run("logs", "slot:0")
	require.Equal(t, "one\nthree\n", stdout)
}

func TestALogIsFollowedToItsEnd(t *testing.T) {
	f := aFullHouse(t).on("GET /workers/"+workerID+"/logs", http.StatusOK,
		"id: 1\nevent: log.line\ndata: {\"number\":1,\"text\":\"one\"}\n\nevent: log.lost\ndata: {\"message\":\"m\"}\n\nid: 9\nevent: log.end\ndata: {}\n\n")
	stdout, stderr, code := f.run("logs", "-f", "slot:0")
	require.Zero(t, code, stderr)
	require.Equal(t, "one\n", stdout)
	require.Contains(t, stderr, "are missing here")
	require.Contains(t, stderr, "is gone")
}

func TestMistakesOfTheCommandsThatTalkToAMaster(t *testing.T) {
	f := aFullHouse(t)
	for _, args := range []string{
		"status now", "abort a b", "scale", "scale many", "scale 1 2", "rotate", "evict", "evict slot:0", "evict slot:0 --idle=soon", "evict slot:0 --connection 1", "evict --connection 1 --idle=1s",
		"evict --idle=1s", "connections x", "connections --limit=-1", "connections --idle-for=-1s", "logs a b", "logs --tail=-5", "events x", "events --after=-1", "history a b", "history --limit=-1",
		"workers a b", "workers --admin",
	} {
		_, stderr, code := f.run(strings.Fields(args)...)
		require.Equal(t, 2, code, args)
		require.Contains(t, stderr, "rota: ", args)
	}
	require.Empty(t, f.asked)
}

func TestTheMasterIsFoundBySettings(t *testing.T) {
	f := aFullHouse(t)
	address := strings.TrimPrefix(f.server.URL, "http://")
	port := address[strings.LastIndexByte(address, ':'):]
	for _, where := range []string{address, "0.0.0.0" + port} {
		_, stderr, code := runRota("status", "--config", fileWith(t, "admin: "+where+"\nworkers: many\n"))
		require.Zero(t, code, stderr)
	}
	t.Setenv("ROTA_ADMIN", address)
	_, stderr, code := runRota("status")
	require.Zero(t, code, stderr)
	t.Setenv("ROTA_ADMIN", "127.0.0.1:0")
	_, stderr, code = runRota("status")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "port 0 means any free port")
}
