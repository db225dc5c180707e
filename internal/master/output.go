package master

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
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
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func clean(chunk []byte) string {
	return string(bytes.ToValidUTF8(bytes.TrimRight(chunk, "\r\n"), []byte("\uFFFD")))
}

// tail is the last lines of a worker, for the record of a failure.
type tail struct{ lines []string }

// How many lines are kept, and how many bytes of each: every exit in the event log has them.
const (
	keepLines = 20
	keepBytes = 1024
)

func (t *tail) add(text string) {
	if len(text) > keepBytes {
		text = strings.ToValidUTF8(text[:keepBytes], "") + "…"
	}
	if len(t.lines) == keepLines {
		t.lines = append(t.lines[:0:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, text)
}
