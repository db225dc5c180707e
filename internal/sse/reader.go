package sse

import (
	"bufio"
	"bytes"
	"io"
)

// mostLine bounds one line of a stream: the last event of a reload of 1,024 slots has all its steps.
const mostLine = 64 << 20

// Message is one event as it was read.
type Message struct {
	ID   string // "" where the event has none
	Name string
	Data []byte
}

// Reader reads the events of a stream.
type Reader struct {
	lines *bufio.Scanner
	heard func()
}

// NewReader reads from r. It calls heard for each line, also for those that say nothing.
func NewReader(r io.Reader, heard func()) *Reader {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, mostLine)
	return &Reader{lines, heard}
}

// Next returns the next event; io.EOF at the end of the stream. An event that is cut off there is left out.
func (r *Reader) Next() (m Message, err error) {
	for r.lines.Scan() {
		r.heard()
		line := r.lines.Bytes()
		if len(line) == 0 {
			if m.Name != "" || m.Data != nil {
				return m, nil
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			m.ID = string(value)
		case "event":
			m.Name = string(value)
		case "data":
			m.Data = bytes.Clone(value)
		}
	}
	if err := r.lines.Err(); err != nil {
		return Message{}, err
	}
	return Message{}, io.EOF
}
