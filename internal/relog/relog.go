// Package relog logs again what a worker printed, a line at a time. A line of JSON is taken
// for a log entry and keeps its level and its fields; any other line is a message.
package relog

import (
	"encoding/json"
	"strings"

	"github.com/rs/zerolog"
)

// Line logs text, which a worker printed to stream, under log, which has the worker's identity.
func Line(log zerolog.Logger, stream, text string) {
	fields, ok := entry(text)
	if !ok {
		log.Info().Str("stream", stream).Msg(text)
		return
	}
	level, known := levels[take(fields, zerolog.LevelFieldName)]
	if !known {
		level = zerolog.InfoLevel
	}
	message := take(fields, zerolog.MessageFieldName)
	if at, ok := fields[zerolog.TimestampFieldName]; ok { // the line gets a time of its own
		fields["logged_at"] = at
		delete(fields, zerolog.TimestampFieldName)
	}
	for _, name := range reserved {
		if value, ok := fields[name]; ok {
			fields["own_"+name] = value
			delete(fields, name)
		}
	}
	log.WithLevel(level).Str("stream", stream).Fields(fields).Msg(message)
}

// reserved are what log says of the worker and of the line itself; a field of the worker's
// by one of these names gets another.
var reserved = []string{"worker_id", "slot", "generation", "pid", "stream", zerolog.LevelFieldName, zerolog.MessageFieldName}

// levels are those by which a line may ask to be logged.
var levels = map[string]zerolog.Level{
	"trace": zerolog.TraceLevel, "debug": zerolog.DebugLevel, "info": zerolog.InfoLevel, "warn": zerolog.WarnLevel,
	"error": zerolog.ErrorLevel, "fatal": zerolog.FatalLevel, "panic": zerolog.PanicLevel,
}

func entry(text string) (map[string]any, bool) {
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	fields := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // a float64 can't hold every id
	if decoder.Decode(&fields) != nil || decoder.InputOffset() != int64(len(text)) {
		return nil, false
	}
	return fields, true
}

// take removes a field that is a text, and returns it. One that is something else stays.
func take(fields map[string]any, name string) string {
	text, ok := fields[name].(string)
	if ok {
		delete(fields, name)
	}
	return text
}
