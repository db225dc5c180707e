// Package relog logs again what a worker printed, a line at a time. A line of JSON is taken
// for a log entry and keeps its level and its fields; any other line is a message.
package relog

import (
	"encoding/json"

	"github.com/rs/zerolog"
)

// Line logs text, which a worker printed to stream, under log, which has the worker's identity.
func Line(log zerolog.Logger, stream, text string) {
	fields, ok := entry(text)
	if !ok {
		log.Info().Str("stream", stream).Msg(text)
		return
	}
	level := zerolog.InfoLevel
	if parsed, err := zerolog.ParseLevel(take(fields, zerolog.LevelFieldName)); err == nil && parsed != zerolog.NoLevel {
		level = parsed
	}
	message := take(fields, zerolog.MessageFieldName)
	if at, ok := fields[zerolog.TimestampFieldName]; ok { // the line gets a time of its own
		fields["logged_at"] = at
		delete(fields, zerolog.TimestampFieldName)
	}
	for _, name := range identity {
		if value, ok := fields[name]; ok {
			fields["own_"+name] = value
			delete(fields, name)
		}
	}
	log.WithLevel(level).Str("stream", stream).Fields(fields).Msg(message)
}

// identity is what log says of the worker; a line can't say otherwise.
var identity = []string{"worker_id", "slot", "generation", "pid", "stream"}

func entry(text string) (map[string]any, bool) {
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	fields := map[string]any{}
	err := json.Unmarshal([]byte(text), &fields)
	return fields, err == nil
}

// take removes a field that is a text, and returns it.
func take(fields map[string]any, name string) string {
	text, ok := fields[name].(string)
	if ok {
		delete(fields, name)
	}
	return text
}
