package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crashing is a master whose slot 0 waits for its next worker, and whose slot 1 has just started one, after
// two died.
func crashing(t *testing.T) *fakeAPI {
	t.Helper()
	const (
		dead    = "0199a1b2-2222-7222-8222-222222222222"
		earlier = "0199a1b2-3333-7333-8333-333333333333"
	)
	ended := func(id, slot, word string) string {
		return `{"id":"` + id + `","slot":` + slot + `,"generation":2,"state":"exited","started_at":"2026-11-22T08:00:00Z","exited_at":"2026-11-22T08:00:01Z","predecessor":"` + earlier + `",` +
			`"exit":{"code":3,"signal":null,"error":null,"output":["` + word + `"],"text":"exited with code 3"}}`
	}
	log := func(id, word string) string {
		return `{"worker_id":"` + id + `","lines":[{"number":1,"time":"2026-11-22T08:00:00Z","stream":"stderr","text":"` + word + `"}]}`
	}
	starting := `{"id":"` + workerID + `","slot":1,"generation":2,"state":"starting","started_at":"2026-11-22T08:00:02Z","predecessor":"` + earlier + `"}`
	next := time.Now().Add(time.Hour).Format(time.RFC3339)
	status := strings.Replace(aStatus(`,"crash_looping":[0],"waiting":[{"slot":0,"deaths":4,"next_try_at":"`+next+`","text":"4 deaths in a row, the last: exited with code 3","last":`+ended(dead, "0", "no database")+`}]`),
		`"ready":2`, `"ready":0`, 1)
	return newFakeAPI(t).on("GET /status", http.StatusOK, status).
		on("GET /workers", http.StatusOK, `{"generation":2,"workers":[`+starting+`]}`).
		on("GET /workers/"+workerID, http.StatusOK, starting).
		on("GET /workers/"+dead, http.StatusOK, ended(dead, "0", "no database")).
		on("GET /workers/"+earlier, http.StatusOK, ended(earlier, "1", "no disk")).
		on("GET /workers/"+workerID+"/logs", http.StatusOK, log(workerID, "here I am")).
		on("GET /workers/"+dead+"/logs", http.StatusOK, log(dead, "no database")).
		on("GET /workers/"+earlier+"/logs", http.StatusOK, log(earlier, "no disk"))
}

const nextTry = "next try in (1h0m0s|59m5[0-9]s)"

func TestInACrashLoopTheLastWordsAreShown(t *testing.T) {
	f := crashing(t)
	for _, c := range []struct {
		args        string
		says, tells []string // on standard output and standard error
		code        int
	}{
		{"logs", []string{`(?m)^0 \| no database$`, `(?m)^1 \| no disk$`, `(?m)^1 \| here I am$`}, []string{"slot 0 waits for its next worker: 4 deaths in a row, the last: exited with code 3; " + nextTry}, 0},
		{"logs slot:0", []string{"^no database\n$"}, []string{"slot 0 waits .*" + nextTry}, 0},
		{"logs slot:1", []string{"no disk\n", "here I am\n"}, nil, 0},
		{"workers", []string{`(?m)^0 +waiting .*` + nextTry, `(?m)^1 +starting`}, nil, 0},
		{"workers slot:0", []string{`(?m)^0 +waiting .*` + nextTry, "its last worker, 0199a1b2-2222-.* ended at .*: exited with code 3\nits last lines:\n  no database\n$"}, nil, 0},
		{"workers slot:1", []string{`(?m)^1 +starting`, "the worker before it, 0199a1b2-3333-.* ended at .*: exited with code 3\nits last lines:\n  no disk\n$"}, nil, 0},
		{"status", []string{"0 of 2 ready.*crash loop in slots", `(?m)^0 +waiting .*` + nextTry}, []string{"^rota: no worker is ready\n$"}, 1},
		{"status --json", []string{`"ready":0`}, []string{"^rota: no worker is ready\n$"}, 1},
	} {
		stdout, stderr, code := f.run(strings.Fields(c.args)...)
		require.Equal(t, c.code, code, "%s: %s", c.args, stderr)
		for _, said := range c.says {
			require.Regexp(t, said, stdout, c.args)
		}
		for _, told := range c.tells {
			require.Regexp(t, told, stderr, c.args)
		}
		if c.tells == nil {
			require.Empty(t, stderr, c.args)
		}
	}
}

func TestTheLastLinesStandInForALogThatIsNotKept(t *testing.T) {
	f := crashing(t)
	f.on("GET /workers/0199a1b2-2222-7222-8222-222222222222/logs", http.StatusGone, problemJSON(http.StatusGone, "not kept any more"))
	for _, args := range []string{"logs", "logs slot:0"} {
		stdout, stderr, code := f.run(strings.Fields(args)...)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "no database\n")
	}
}

func TestALogWithoutALineSaysSo(t *testing.T) {
	f := newFakeAPI(t).on("GET /status", http.StatusOK, aStatus("")).
		on("GET /workers", http.StatusOK, `{"generation":2,"workers":[{"id":"`+workerID+`","slot":0,"state":"ready"}]}`).
		on("GET /workers/"+workerID+"/logs", http.StatusOK, `{"worker_id":"`+workerID+`","lines":[]}`)
	for args, hint := range map[string]bool{"logs": true, "logs slot:0": true, "logs --tail 0": false, "logs --json": false} {
		_, stderr, code := f.run(strings.Fields(args)...)
		require.Zero(t, code)
		require.Equal(t, hint, strings.Contains(stderr, "no worker has printed anything"), "%s: %s", args, stderr)
	}
}
