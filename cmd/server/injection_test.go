package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"rota/internal/relog"
)

// What workers, clients and servers write must not steer a terminal, nor pass for what rota says.

// hostile clears the screen, begins a line, and reorders what follows, in JSON.
const hostile = `\u001b[2J\u009b31m\nrota: forged\r\u202egnp` + "\u009b\u202e\u007f"

// requireHarmless allows rota's own line ends, and no line that only looks like one of its own.
func requireHarmless(t *testing.T, printed string) {
	t.Helper()
	odd := func(r rune) bool {
		return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}
	require.Equal(t, -1, strings.IndexFunc(printed, odd), "%q", printed)
	for line := range strings.Lines(printed) {
		require.False(t, strings.HasPrefix(line, "rota: forged"), "%q", printed)
	}
}

func TestWhatAMasterAnswersDoesNothingToATerminal(t *testing.T) {
	worker := `{"id":"` + workerID + `","slot":0,"generation":2,"revision":"` + hostile + `","status":"` + hostile + `","pid":7,"state":"draining",` +
		`"connections":3,"readiness":{"by":"` + hostile + `","detail":"` + hostile + `"},"exit":{"code":null,"signal":"` + hostile + `","error":"` + hostile + `","text":"` + hostile + `"},"state_text":"` + hostile + `",` +
		`"waiting_for":{"oldest":{"id":"` + hostile + `","remote":"` + hostile + `"},"peers":["` + hostile + `"]}}`
	reload := reloadJSON("failed", `"revision":"`+hostile+`"`, `"reason":"`+hostile+`"`,
		`"error":{"message":"`+hostile+`","slot":1,"output":["`+hostile+`"],"complaints":["`+hostile+`"]}`,
		`"steps":[{"time":"2026-11-22T08:00:00Z","action":"`+hostile+`","slot":0,"message":"`+hostile+`"}]`,
		`"waiting_for":[{"worker_id":"`+hostile+`","slot":0,"connections":1,"active":1,"oldest":null,"peers":["`+hostile+`"]}]`,
		`"assumed":["`+hostile+`"]`,
		`"receipt":{"probes":{},"connections":{},"cut_connections":[{"remote":"`+hostile+`","listener":"`+hostile+`","state":"`+hostile+`","how":"`+hostile+`"}],`+
			`"checks":{},"lossless":false,"losses":["`+hostile+`"]}`)
	f := reloading(t, reload).
		on("GET /status", http.StatusOK, `{"pid":42,"version":"`+hostile+`","uptime_seconds":1,"generation":2,"pool":{"size":1},"missing":["`+hostile+`"],`+
			`"listeners":[{"name":"`+hostile+`","network":"tcp","address":"`+hostile+`"}],"alarms":["`+hostile+`"],"waiting":[{"slot":0,"deaths":1,"text":"`+hostile+`","last":`+worker+`}],"reload":`+reload+`}`).
		on("GET /workers", http.StatusOK, `{"generation":2,"workers":[`+worker+`]}`).
		on("GET /workers/"+workerID, http.StatusOK, worker).
		on("GET /workers/"+workerID+"/logs", http.StatusOK, `{"worker_id":"`+workerID+`","lines":[]}`).
		on("GET /connections", http.StatusOK, `{"connections":[{"id":"`+hostile+`","worker_id":"`+hostile+`","listener":"`+hostile+`","remote":"`+hostile+`","state":"`+hostile+`"}],"next":null,"unseen_workers":["`+hostile+`"]}`).
		on("POST /workers/"+workerID+"/evict", http.StatusOK, `{"evicted":1,"connections":[],"failed":[{"id":"`+hostile+`","error":"`+hostile+`"}]}`).
		on("GET /reloads", http.StatusOK, `{"reloads":[`+reload+`],"next":null}`)
	for _, args := range []string{
		"status", "workers", "workers slot:0", "connections", "evict slot:0 --idle=0s", "history", "history " + reloadID, "reload", "reload --follow " + reloadID, "logs",
	} {
		for _, form := range []string{"", " --json"} {
			stdout, stderr, _ := f.run(strings.Fields(args + form)...)
			require.NotEmpty(t, stdout+stderr+args[:4])
			requireHarmless(t, stdout+stderr)
			if form != "" && stdout != "" {
				require.True(t, json.Valid([]byte(stdout)), stdout)
			}
		}
	}
}

func TestARefusalDoesNothingToATerminal(t *testing.T) {
	refusal := `{"title":"x","status":409,"detail":"` + hostile + `"}`
	f := newFakeAPI(t).on("POST /reload", http.StatusConflict, refusal).on("PUT /scale", http.StatusConflict, refusal).
		on("GET /status", http.StatusOK, "<pre>\x1b[2J\nrota: forged\n").on("GET /workers", http.StatusConflict, "<pre>\x1b[2J\nrota: forged\n")
	for _, args := range []string{"reload", "scale 3", "status", "workers"} {
		_, stderr, code := f.run(strings.Fields(args)...)
		require.NotZero(t, code)
		require.Contains(t, stderr, "rota: ")
		requireHarmless(t, stderr)
	}
}

func TestALogEntryIsOneLineThatDoesNothing(t *testing.T) {
	for _, console := range []bool{true, false} {
		for _, line := range []string{
			`{"message":"` + hostile + `"}`,
			`{"a` + hostile + `":"x` + hostile + `"}`,
			`{"deep":{"a` + hostile + `":["` + hostile + `"]},"caller":"` + hostile + `","error":"` + hostile + `"}`,
			"text \x1b[2J\u009b31m\u202e\r",
		} {
			var out bytes.Buffer
			w := logWriter(&out, console)
			relog.Line(zerolog.New(w).With().Int("slot", 1).Logger(), "stderr", line)
			printed := out.String()
			require.Equal(t, 1, strings.Count(printed, "\n"), printed)
			if console {
				printed = colours.Replace(printed)
			}
			requireHarmless(t, printed)
		}
	}
}

// colours are the escapes of rota's own console log.
var colours = strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[36m", "", "\x1b[90m", "")

func TestANameInALogEntryCannotPassForAField(t *testing.T) {
	var out bytes.Buffer
	entries := zerolog.New(logWriter(&out, true))
	relog.Line(entries, "stderr", `{"slot=7 worker_id":"x","q\"":1}`)
	require.Contains(t, colours.Replace(out.String()), `"slot=7 worker_id"=x`)
	require.NotContains(t, colours.Replace(out.String()), ` slot=7`)
}
