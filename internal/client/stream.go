package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// mostLine is how long one line of a stream may be: the last event of a reload of 1,024 slots has all its steps.
const mostLine = 64 << 20

// errEnded is why a stream was given up that had not said that nothing more comes.
var errEnded = errors.New("the stream of events has ended")

// errSilent is why a stream was given up: the API would have sent a comment at least.
var errSilent = errors.New("it has said nothing for too long")

const eventStream = "text/event-stream"

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
	heard    bool // something has come
	failed   func(error) error
	foreign  func(error) error
}

// open begins a stream behind the event with the number after; "" for where it begins by
// itself. io.EOF says that there is nothing to come, now or later.
func (c *Client) open(ctx context.Context, path string, query url.Values, after string) (*stream, error) {
	ctx, give := context.WithCancelCause(ctx)
	cancel := func() { give(nil) }
	header := http.Header{"Accept": {eventStream}}
	if after != "" {
		header.Set("Last-Event-ID", after)
	}
	r := request{method: http.MethodGet, path: path, query: query, header: header}
	alarm := time.AfterFunc(c.times.silence, func() { give(&Unreachable{Address: c.address, Err: errSilent, Silent: true}) })
	response, err := c.send(ctx, r) //nolint:bodyclose // the stream closes it
	if err != nil {
		alarm.Stop()
		cancel()
		return nil, err
	}
	s := &stream{lines: bufio.NewScanner(response.Body), response: response, cancel: cancel, alarm: alarm, silence: c.times.silence}
	s.failed = func(err error) error { return c.unreachable(ctx, r, err) }
	s.foreign = func(err error) error { return c.foreign(r, err) }
	s.lines.Buffer(nil, mostLine)
	kind := response.Header.Get("Content-Type")
	switch media, _, _ := mime.ParseMediaType(kind); {
	case response.StatusCode == http.StatusNoContent:
		err = io.EOF
	case media != eventStream:
		err = c.foreign(r, fmt.Errorf("the answer is %q, and no event stream", kind))
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// next returns the next event. An event within which the stream ends is not told.
func (s *stream) next() (m Message, err error) {
	for s.lines.Scan() {
		s.alarm.Reset(s.silence)
		s.heard = true
		line := s.lines.Bytes()
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
	if err := s.lines.Err(); err != nil {
		return Message{}, s.failed(err)
	}
	return Message{}, s.failed(errEnded)
}

func (s *stream) close() {
	s.alarm.Stop()
	s.cancel()
	s.response.Body.Close()
}
