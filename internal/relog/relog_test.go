package relog

import (
	"bytes"
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
}
