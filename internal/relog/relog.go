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
	e, ok := readEntry(text)
	if !ok {
		log.Info().Str("stream", stream).Msg(text)
		return
	}
	level := e.takeLevel()
	message := e.takeMessage()
	e.moveTime()
	for _, name := range reserved {
		e.rename(name, "own_"+name)
	}
	log.WithLevel(level).Str("stream", stream).Fields(map[string]any(e)).Msg(message)
}

// reserved are what log says of the worker and of the line itself; a field of the worker's
// by one of these names gets another.
var reserved = []string{
	"worker_id", "slot", "generation", "pid", "stream",
	zerolog.LevelFieldName, zerolog.MessageFieldName, zerolog.TimestampFieldName,
}

// entry is what a line of JSON holds. Of a name that comes twice it has the last.
type entry map[string]any

func readEntry(text string) (entry, bool) {
	text = strings.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	fields := entry{}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // a float64 can't hold every id
	if decoder.Decode(&fields) != nil || decoder.InputOffset() != int64(len(text)) {
		return nil, false
	}
	return fields, true
}

// rename gives a field another name, that none has yet.
func (e entry) rename(from, to string) {
	value, ok := e[from]
	if !ok {
		return
	}
	delete(e, from)
	for e.has(to) {
		to = "own_" + to
	}
	e[to] = value
}

func (e entry) has(name string) bool {
	_, ok := e[name]
	return ok
}
