// Package client talks to the admin API of a running master, for the commands that do.
//
// A request has an answer, whose JSON is kept beside what was read of it, because a command
// may have to print just that; or one of two kinds of error: Unreachable, when no master
// answered, and *Problem, when it answered that it will not (client.go, problem.go). Events
// come as streams that break, and are taken up where they broke off (stream.go, events.go). A
// reload is followed by its events and, as those may be lost, by asking (follow.go). The views
// have those fields of the API that somebody looks at (reload.go, state.go).
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"rota/internal/printable"
)

const (
	dialTimeout = 5 * time.Second
	mostAnswer  = 256 << 20 // bytes: 10,000 connections are 4 MiB
)

// Client asks one master. Make one with New.
type Client struct {
	address string
	http    *http.Client
	times   times
}

// times are the durations that tests shorten.
type times struct {
	answer   time.Duration // for an answer that is no stream
	pause    time.Duration // before a stream is opened again
	patience time.Duration // that a master which has answered once may be silent
	silence  time.Duration // after which a stream counts as dead; the API says something every 15 s
	look     time.Duration // between two looks at a reload that is followed
}

// New makes a client of the master whose admin API is configured to listen at host:port.
// An address that stands for all of a machine is reached over loopback.
func New(admin string) (*Client, error) {
	address, err := reachable(admin)
	if err != nil {
		return nil, err
	}
	return &Client{
		address: address,
		http: &http.Client{
			Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // no master sends anybody elsewhere
		},
		times: times{
			answer:   30 * time.Second,
			pause:    250 * time.Millisecond,
			patience: 15 * time.Second,
			silence:  45 * time.Second,
			look:     2 * time.Second,
		},
	}, nil
}

// Close gives up the connections that wait for another request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func reachable(admin string) (string, error) {
	host, port, err := net.SplitHostPort(admin)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port", admin)
	}
	if port == "0" {
		return "", fmt.Errorf("%s: port 0 means any that is free, and which one that was is in rota's log; give that one", admin)
	}
	switch ip := net.ParseIP(host); {
	case host == "", ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// Answer is what the master said, as read and as it came. The texts of the view can be printed: what
// workers and clients put into them has become printable.Text.
type Answer[T any] struct {
	View T
	JSON []byte
}

// read makes a view of JSON, which has to be such as a master sends.
func read(document []byte, into any) error {
	if json.Valid(document) {
		document = printable.Strings(document)
	}
	return readAsIs(document, into)
}

func readAsIs(document []byte, into any) error {
	if err := json.Unmarshal(document, into); err != nil {
		return err
	}
	return unlike(into)
}

// get asks for what is at the path.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (Answer[T], error) {
	return ask[T](ctx, c, request{method: http.MethodGet, path: path, query: query})
}

// request is what is asked for.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         any // nil for none
}

func ask[T any](ctx context.Context, c *Client, r request) (answer Answer[T], err error) {
	ctx, cancel := context.WithTimeout(ctx, c.times.answer)
	defer cancel()
	response, err := c.send(ctx, r)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return answer, c.unreachable(ctx, r, err)
	}
	answer.JSON = bytes.TrimSuffix(content, []byte("\n"))
	if err := c.jsonIn(response); err != nil {
		return answer, c.foreign(r, err)
	}
	if err := read(content, &answer.View); err != nil {
		return answer, c.foreign(r, err)
	}
	return answer, nil
}

// send returns an answer that is not an error; its body is the caller's to close.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	body, err := encode(r.body)
	if err != nil {
		return nil, err
	}
	where := url.URL{Scheme: "http", Host: c.address, Path: r.path, RawQuery: r.query.Encode()}
	q, err := http.NewRequestWithContext(ctx, r.method, where.String(), body)
	if err != nil {
		return nil, err
	}
	if r.header != nil {
		q.Header = r.header
	}
	q.Header.Set("User-Agent", "rota")
	response, err := c.http.Do(q)
	if err != nil {
		return nil, c.unreachable(ctx, r, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		defer response.Body.Close()
		return nil, c.problem(r, response)
	}
	return response, nil
}

func encode(body any) (io.Reader, error) {
	if body == nil {
		return http.NoBody, nil
	}
	content, err := json.Marshal(body)
	return bytes.NewReader(content), err
}

// unreachable is the error of a request that was not answered, unless its caller gave it up.
func (c *Client) unreachable(ctx context.Context, r request, err error) error {
	cause := context.Cause(ctx)
	if cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // without the whole address, which Unreachable names
	}
	lost := &Unreachable{Address: c.address, Err: err}
	sent := !neverSent(lost)
	lost.Silent = sent && cause != nil
	lost.Unknown = sent && r.method != http.MethodGet
	return lost
}

// foreign is the error of an answer that no rota gives.
func (c *Client) foreign(r request, err error) error {
	return &Foreign{Address: c.address, Request: r.method + " " + r.path, Err: err}
}

// jsonIn says what is wrong with an answer that is to be JSON.
func (c *Client) jsonIn(response *http.Response) error {
	kind := response.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(kind); media != "application/json" {
		return fmt.Errorf("the answer is %q, and no JSON", kind)
	}
	return nil
}
