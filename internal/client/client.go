// Package client talks to the admin API of a running master.
//
// A request gets an Answer: the view (internal/view) and the JSON it came from, because a command
// may print just that. Or it gets an error: *Unreachable when no master answered, *Foreign when
// something else did, *Problem when the master refused (client.go, problem.go). Before an answer
// counts as a master's it is checked for what a master always sends (sane.go). A stream of events
// that breaks is opened again where it broke off (stream.go, events.go). A reload is followed by
// its events and, because those may be lost, by asking from time to time (follow.go).
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
	answer   time.Duration // for an answer that is not a stream
	pause    time.Duration // before a stream is opened again
	patience time.Duration // how long a master that has answered once may be silent
	silence  time.Duration // after which a stream counts as dead; the API says something every 15 s
	look     time.Duration // between two questions about a reload that is followed
}

// New makes a client of the master whose admin API is configured to listen at host:port.
// A wildcard address is reached over loopback.
func New(admin string) (*Client, error) {
	address, err := reachable(admin)
	if err != nil {
		return nil, err
	}
	return &Client{
		address: address,
		http: &http.Client{
			Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a master never redirects
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

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func reachable(admin string) (string, error) {
	host, port, err := net.SplitHostPort(admin)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port", admin)
	}
	if port == "0" {
		return "", fmt.Errorf("%s: port 0 means any free port; rota's log says which one it is, use that", admin)
	}
	switch ip := net.ParseIP(host); {
	case host == "", ip != nil && ip.IsUnspecified() && ip.To4() != nil:
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// Answer is what the master answered, as a view and as JSON. The texts of the view are safe to print: they have passed
// printable.Text.
type Answer[T any] struct {
	View T
	JSON []byte
}

// read decodes JSON and checks that a master may have sent it.
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

// get requests a path.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (Answer[T], error) {
	return ask[T](ctx, c, request{method: http.MethodGet, path: path, query: query})
}

// request is one request to the API.
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

// send returns an answer that is not an error. The caller closes its body.
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

// unreachable is the error of a request that got no answer, unless its caller gave up.
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

// foreign is the error of an answer that no master gives.
func (c *Client) foreign(r request, err error) error {
	return &Foreign{Address: c.address, Request: r.method + " " + r.path, Err: err}
}

// jsonIn checks that an answer is JSON.
func (c *Client) jsonIn(response *http.Response) error {
	kind := response.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(kind); media != "application/json" {
		return fmt.Errorf("the answer is %q, not JSON", kind)
	}
	return nil
}
