package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"rota/internal/sse"
)

// errEnded is the error of a stream that ended without saying that no more events come.
var errEnded = errors.New("the stream of events has ended")

// errSilent is the error of a stream on which nothing came: the API sends a comment at least.
var errSilent = errors.New("it was silent for too long")

// stream is an open event stream.
type stream struct {
	reader   *sse.Reader
	response *http.Response
	cancel   func()
	alarm    *time.Timer // ends the request when nothing comes for too long
	silence  time.Duration
	heard    bool // something has come
	failed   func(error) error
	foreign  func(error) error
}

// open opens a stream after the event with the id after; "" for the default place. io.EOF says that no events will
// come.
func (c *Client) open(ctx context.Context, path string, query url.Values, after string) (*stream, error) {
	ctx, give := context.WithCancelCause(ctx)
	cancel := func() { give(nil) }
	header := http.Header{"Accept": {sse.ContentType}}
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
	s := &stream{response: response, cancel: cancel, alarm: alarm, silence: c.times.silence}
	s.failed = func(err error) error { return c.unreachable(ctx, r, err) }
	s.foreign = func(err error) error { return c.foreign(r, err) }
	s.reader = sse.NewReader(response.Body, func() {
		s.alarm.Reset(s.silence)
		s.heard = true
	})
	kind := response.Header.Get("Content-Type")
	switch media, _, _ := mime.ParseMediaType(kind); {
	case response.StatusCode == http.StatusNoContent:
		err = io.EOF
	case media != sse.ContentType:
		err = c.foreign(r, fmt.Errorf("the answer is %q, not an event stream", kind))
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// next returns the next event. An event that is cut off by the end of the stream is left out.
func (s *stream) next() (sse.Message, error) {
	m, err := s.reader.Next()
	if errors.Is(err, io.EOF) {
		err = errEnded
	}
	if err != nil {
		return m, s.failed(err)
	}
	return m, nil
}

func (s *stream) close() {
	s.alarm.Stop()
	s.cancel()
	s.response.Body.Close()
}
