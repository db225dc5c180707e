package master

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"github.com/rs/zerolog"
)

// line is one line that a worker printed.
type line struct {
	stream string // stdout or stderr
	text   string
}

// A line longer than maxLine bytes is cut into several.
const maxLine = 16 << 10

// readLines sends every line of r to lines, the last one also when nothing ends it.
// It returns at the end of r, or when stop is closed.
func readLines(r io.Reader, stream string, lines chan<- line, stop <-chan struct{}) {
	buffered := bufio.NewReaderSize(r, maxLine)
	for {
		chunk, err := buffered.ReadSlice('\n')
		if len(chunk) > 0 {
			select {
			case lines <- line{stream: stream, text: clean(chunk)}:
			case <-stop:
				return
			}
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}

func clean(chunk []byte) string {
	return string(bytes.ToValidUTF8(bytes.TrimRight(chunk, "\r\n"), []byte("\uFFFD")))
}

// relog logs a worker's line under log, which has the worker's identity. A line of JSON
// keeps its level and its fields; any other is the message.
func relog(log zerolog.Logger, l line) {
	fields := map[string]any{}
	if len(l.text) == 0 || l.text[0] != '{' || json.Unmarshal([]byte(l.text), &fields) != nil {
		log.Info().Str("stream", l.stream).Msg(l.text)
		return
	}
	level, message := zerolog.InfoLevel, ""
	if text, ok := fields[zerolog.LevelFieldName].(string); ok {
		if parsed, err := zerolog.ParseLevel(text); err == nil && parsed != zerolog.NoLevel {
			level = parsed
		}
		delete(fields, zerolog.LevelFieldName)
	}
	if text, ok := fields[zerolog.MessageFieldName].(string); ok {
		message = text
		delete(fields, zerolog.MessageFieldName)
	}
	if at, ok := fields[zerolog.TimestampFieldName]; ok {
		fields["logged_at"] = at
		delete(fields, zerolog.TimestampFieldName)
	}
	log.WithLevel(level).Str("stream", l.stream).Fields(fields).Msg(message)
}

// tail is the last lines of a worker, for the record of a failure.
type tail struct{ lines []string }

const keepLines = 20

func (t *tail) add(text string) {
	if len(t.lines) == keepLines {
		t.lines = append(t.lines[:0:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, text)
}
