package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// mostLine is how long one line of a stream may be: the last event of a reload of 1,024 slots has all its steps.
const mostLine = 64 << 20

// errSilent is why a stream was given up: the API would have sent a comment at least.
var errSilent = errors.New("it has said nothing for too long")

// Message is one event of a stream.
type Message struct {
	ID   string // its number; "" where the stream has none for it
	Name string
	Data []byte // one line of JSON
}

// stream is an open event stream.
type stream struct {
	lines    *bufio.Scanner
	response *http.Response
	cancel   func()
	alarm    *time.Timer // ends the request when nothing comes for too long
	silence  time.Duration
}

// open begins a stream behind the event with the number after; "" for where it begins by
// itself. io.EOF says that there is nothing to come, now or later.
func (c *Client) open(ctx context.Context, path string, query url.Values, after string) (*stream, error) {
	ctx, give := context.WithCancelCause(ctx)
	cancel := func() { give(nil) }
	header := http.Header{"Accept": {"text/event-stream"}}
	if after != "" {
		header.Set("Last-Event-ID", after)
	}
	alarm := time.AfterFunc(c.times.silence, func() { give(&Unreachable{c.address, errSilent}) })
	response, err := c.send(ctx, request{method: http.MethodGet, path: path, query: query, header: header}) //nolint:bodyclose // the stream closes it
	if err != nil {
		alarm.Stop()
		cancel()
		return nil, err
	}
	s := &stream{bufio.NewScanner(response.Body), response, cancel, alarm, c.times.silence}
	s.lines.Buffer(nil, mostLine)
	if response.StatusCode == http.StatusNoContent {
		s.close()
		return nil, io.EOF
	}
	return s, nil
}

// next returns the next event. The error is io.EOF at the orderly end of the stream, and also
// where it ends within an event, which then is not told.
func (s *stream) next() (m Message, err error) {
	for s.lines.Scan() {
		s.alarm.Reset(s.silence)
		line := s.lines.Bytes()
		if len(line) == 0 {
			if m.Name != "" {
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
	if err := s.lines.Err(); err != nil {
		return Message{}, err
	}
	return Message{}, io.EOF
}

func (s *stream) close() {
	s.alarm.Stop()
	s.cancel()
	s.response.Body.Close()
}
