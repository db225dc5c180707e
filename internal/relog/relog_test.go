package relog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func logged(text string) string {
	var b bytes.Buffer
	Line(zerolog.New(&b).With().Int("slot", 1).Logger(), "stderr", text)
	return b.String()
}

func TestALineOfTextIsTheMessage(t *testing.T) {
	require.Equal(t, `{"level":"info","slot":1,"stream":"stderr","message":"{not json"}`+"\n", logged("{not json"))
	require.Equal(t, `{"level":"info","slot":1,"stream":"stderr"}`+"\n", logged(""))
}

func TestALineOfJSONKeepsItsLevelAndFields(t *testing.T) {
	require.JSONEq(t, `{"level":"warn","slot":1,"stream":"stderr","n":3,"logged_at":"12:00","message":"slow"}`,
		logged(`{"level":"warn","time":"12:00","n":3,"message":"slow"}`))
	require.JSONEq(t, `{"level":"info","slot":1,"stream":"stderr"}`, logged(`{}`))
}

func TestAFatalLineOfAWorkerDoesNotEndTheMaster(t *testing.T) {
	require.Contains(t, logged(`{"level":"fatal","message":"no database"}`), `"message":"no database"`)
	require.Contains(t, logged(`{"level":"panic","message":"no database"}`), `"message":"no database"`)
}

func TestALineCannotPassForAnotherWorkers(t *testing.T) {
	require.JSONEq(t, `{"level":"info","slot":1,"stream":"stderr","own_slot":7,"message":"hi"}`,
		logged(`{"slot":7,"message":"hi"}`))
	// Such as of a rota under rota, which has done this already.
	require.Equal(t, `{"level":"info","slot":1,"stream":"stderr","logged_at":"09:00","own_level":"loud","own_logged_at":"10:00",`+
		`"own_own_slot":8,"own_pid":1,"own_slot":9,"own_stream":"x","own_worker_id":"w","message":"hi"}`+"\n",
		logged(`{"slot":8,"own_slot":9,"pid":1,"worker_id":"w","stream":"x","time":"10:00","logged_at":"09:00","level":"loud","message":"hi"}`))
}

func TestTheCommonLoggersAreUnderstood(t *testing.T) {
	for name, c := range map[string]struct{ line, level, want string }{
		"slog": {
			`{"time":"2026-11-22T08:00:00Z","level":"WARN","msg":"slow","took":12}`,
			"warn", `"logged_at":"2026-11-22T08:00:00Z","took":12,"message":"slow"`,
		},
		"slog between": {`{"level":"ERROR+2","msg":"worse"}`, "error", `"message":"worse"`},
		"zap":          {`{"level":"dpanic","ts":1732262400.123456789,"caller":"a.go:1","msg":"no"}`, "panic", `"caller":"a.go:1","logged_at":1732262400.123456789,"message":"no"`},
		"pino": {
			`{"level":50,"time":1732262400123,"pid":7,"hostname":"web","msg":"boom","err":{"type":"Error"}}`,
			"error", `"err":{"type":"Error"},"hostname":"web","logged_at":1732262400123,"own_pid":7,"message":"boom"`,
		},
		"bunyan":      {`{"name":"app","level":60,"msg":"gone","v":0}`, "fatal", `"name":"app","v":0,"message":"gone"`},
		"winston":     {`{"level":"verbose","message":"chat","timestamp":"08:00"}`, "debug", `"logged_at":"08:00","message":"chat"`},
		"Python":      {`{"asctime":"08:00","levelname":"CRITICAL","message":"down"}`, "fatal", `"asctime":"08:00","message":"down"`},
		"Cloud":       {`{"severity":"NOTICE","message":"hm","timestamp":{"seconds":1}}`, "info", `"timestamp":{"seconds":1},"message":"hm"`},
		"log15":       {`{"lvl":"eror","msg":"what"}`, "info", `"lvl":"eror","message":"what"`},
		"the first":   {`{"severity":"ERROR","level":"debug","msg":"b","message":"a"}`, "debug", `"msg":"b","severity":"ERROR","message":"a"`},
		"the next":    {`{"level":"shouting","lvl":"Err","message":["x"],"msg":"b"}`, "error", `"own_level":"shouting","own_message":["x"],"message":"b"`},
		"in between":  {`{"level":35,"msg":"x"}`, "info", `"message":"x"`},
		"no level":    {`{"level":7,"msg":"x"}`, "info", `"own_level":7,"message":"x"`},
		"nor that":    {`{"level":70,"msg":"x"}`, "info", `"own_level":70,"message":"x"`},
		"nor nothing": {`{"level":null,"time":null,"msg":null}`, "info", `"msg":null,"own_level":null,"own_time":null`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, `{"level":"`+c.level+`","slot":1,"stream":"stderr",`+c.want+"}\n", logged(c.line))
		})
	}
}

func TestFieldsStayWhatTheyAre(t *testing.T) {
	for _, field := range []string{
		`"id":12345678901234567890`, `"n":1e400`, `"n":-0.10`, `"deep":{"a":[{"b":1.0},"<&>"]}`, `"deep":{"level":"x","slot":2}`,
		`"":1`, `"text":"a\tb"`,
	} {
		require.Contains(t, logged(`{`+field+`,"message":"m"}`), field)
	}
	require.Contains(t, logged(`{"a":1,"a":2}`), `"stream":"stderr","a":2}`, "of two the last")
}

func TestWhatIsNoObjectIsAMessage(t *testing.T) {
	for _, text := range []string{`{"a":1} {"b":2}`, `{"a":1}x`, `[{"a":1}]`, `"text"`, `17`, `null`, `{"a":}`, `{`} {
		var entry struct{ Level, Message string }
		require.NoError(t, json.Unmarshal([]byte(logged(text)), &entry))
		require.Equal(t, "info", entry.Level)
		require.Equal(t, text, entry.Message)
	}
	require.Contains(t, logged("  {\"message\":\"hi\"} \t"), `"message":"hi"`, "space around it does no harm")
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{`{"level":"info","message":"x"}`, `{"level":30,"time":1}`, `{"own_slot":1,"slot":2}`, "text", `{"a":1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := logged(text)
		require.True(t, json.Valid([]byte(line)), line)
		require.Equal(t, 1, strings.Count(line, "\n"), "one line stays one line")
		require.Contains(t, line, `"slot":1,"stream":"stderr"`)
	})
}
