package master

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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

const keepLines = 20

func (t *tail) add(text string) {
	if len(t.lines) == keepLines {
		t.lines = append(t.lines[:0:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, text)
}
