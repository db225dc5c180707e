package doctor

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// speech is what a program answers to: HTTP, or some chunk of bytes that it answers with any others.
type speech struct {
	http    bool
	greets  bool // it speaks first
	request []byte
	status  int // of the first answer over HTTP
}

// String is what it is called in a report.
func (s speech) String() string {
	if s.http {
		return "HTTP"
	}
	return fmt.Sprintf("%q", firstLine(s.request))
}

func (e *examination) asking(path string) speech {
	return speech{http: true, request: []byte("GET " + path + " HTTP/1.1\r\nHost: " + e.Host + "\r\nUser-Agent: rota-doctor\r\nAccept: */*\r\n\r\n")}
}

// client is a connection to the program.
type client struct {
	net.Conn
	r       *bufio.Reader
	release func() bool
}

// connect makes a connection whose reads and writes fail at once when the context is over.
func (t *trial) connect(ctx context.Context) (*client, error) {
	c, err := t.socket.dial(ctx)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(ctx, func() { _ = c.Close() })
	if t.tls != nil {
		c = tls.Client(c, t.tls)
	}
	return &client{Conn: c, r: bufio.NewReader(c), release: release}, nil
}

// tlsFor is how a client of the host speaks TLS who trusts anybody.
func tlsFor(host string) *tls.Config {
	return &tls.Config{ServerName: host, InsecureSkipVerify: true} //nolint:gosec // it only listens to how the program behaves
}

// greet makes the TLS handshake, which otherwise comes with the first byte.
func (c *client) greet(bound time.Duration) error {
	over, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	c.within(bound)
	if err := explain(over.Handshake()); err != nil {
		return fmt.Errorf("the TLS handshake fails: %w (leave out --tls if it speaks none; --host NAME is the name by which it is reached)", err)
	}
	return nil
}

func (c *client) Close() error {
	c.release()
	return c.Conn.Close()
}

// within bounds what is read and written next.
func (c *client) within(bound time.Duration) { _ = c.SetDeadline(time.Now().Add(bound)) }

// hears reports whether anything comes within the bound, or the end, which is an error.
func (c *client) hears(bound time.Duration) (bool, error) {
	c.within(bound)
	_, err := c.r.Peek(1)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// ask sends the request and reads the whole answer. closes tells that no other request can follow.
func (s speech) ask(c *client, bound time.Duration) (closes bool, err error) {
	c.within(bound)
	if err := s.send(c, s.request); err != nil {
		return false, err
	}
	return s.answer(c)
}

func (s speech) send(c *client, part []byte) error {
	if s.greets {
		if err := s.skipGreeting(c); err != nil {
			return err
		}
	}
	_, err := c.Write(part)
	return explain(err)
}

func (s speech) skipGreeting(c *client) error {
	if _, err := c.r.Peek(1); err != nil {
		return explain(err)
	}
	_, err := c.r.Discard(c.r.Buffered())
	return err
}

// answer reads what the request is answered with.
func (s speech) answer(c *client) (closes bool, err error) {
	if !s.http {
		_, err := c.r.Peek(1)
		return false, explain(err)
	}
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return false, explain(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return false, fmt.Errorf("the answer was incomplete: %w", explain(err))
	}
	if response.StatusCode >= 500 && response.StatusCode != s.status {
		return false, fmt.Errorf("the answer was %s", response.Status)
	}
	return response.Close, nil
}

// What an error of the network means to a client.
var (
	errNoAnswer = errors.New("no answer in time")
	errClosed   = errors.New("closed without an answer")
	errNoTLS    = errors.New("it does not speak TLS")
)

func explain(err error) error {
	switch {
	case err == nil, errors.Is(err, errNoAnswer), errors.Is(err, errClosed), errors.Is(err, errNoTLS):
		return err
	case errors.As(err, new(tls.RecordHeaderError)):
		return errNoTLS
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNoAnswer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errClosed
	}
	if op := new(net.OpError); errors.As(err, &op) {
		err = op.Err // the addresses say nothing to anybody
	}
	return fmt.Errorf("%w: %w", errClosed, err)
}

// detect finds out what the program answers to; the error says what became of the attempts.
func (e *examination) detect(ctx context.Context, t *trial) (*speech, error) {
	line := speech{request: []byte("rota doctor\n")}
	attempts := []speech{e.asking("/"), line}
	switch {
	case e.Request != "":
		attempts = []speech{{request: []byte(e.Request)}}
	case e.Path != "":
		attempts = []speech{e.asking(e.Path)}
	}
	spoken, err := e.firstAnswered(ctx, t, attempts, line)
	if !e.TLS && (err != nil || spoken.status == http.StatusBadRequest) && e.wantsTLS(ctx, t) {
		return nil, errors.New("in the clear, as it speaks TLS: give --tls")
	}
	return spoken, err
}

// firstAnswered is the first of the attempts to which there is an answer.
func (e *examination) firstAnswered(ctx context.Context, t *trial, attempts []speech, line speech) (*speech, error) {
	var failed error
	for _, s := range attempts {
		spoken, err := s.attempt(ctx, t)
		if err == nil && s.http && !spoken.http && len(attempts) > 1 {
			if other, err := line.attempt(ctx, t); err == nil {
				spoken = other // it may be kinder to a line than to several
			}
		}
		if err == nil {
			return &spoken, nil
		}
		if failed == nil {
			failed = fmt.Errorf("to %q: %w", firstLine(s.request), err)
		}
	}
	return nil, failed
}

// wantsTLS tries whether the program speaks TLS. Some answer a request in the clear with 400.
func (e *examination) wantsTLS(ctx context.Context, t *trial) bool {
	c, err := t.connect(ctx)
	if err != nil {
		return false
	}
	defer c.Close()
	if greets, _ := c.hears(settled); greets {
		return false // a TLS server never speaks first
	}
	c.within(answerBound / 2)
	return tls.Client(c.Conn, tlsFor(e.Host)).HandshakeContext(ctx) == nil
}

// attempt returns the speech as it turned out to be.
func (s speech) attempt(ctx context.Context, t *trial) (speech, error) {
	c, err := t.connect(ctx)
	if err != nil {
		return s, explain(err)
	}
	defer c.Close()
	if err := c.greet(answerBound / 2); err != nil {
		return s, err
	}
	s.greets, err = c.hears(settled)
	if err != nil {
		return s, explain(err)
	}
	c.within(answerBound / 2)
	if err := s.send(c, s.request); err != nil {
		return s, err
	}
	if s.http {
		head, err := c.r.Peek(len("HTTP/"))
		if len(head) == 0 {
			return s, explain(err)
		}
		s.http = string(head) == "HTTP/"
	}
	if s.http {
		s.status, err = peekStatus(c.r)
		if err != nil {
			return s, err
		}
	}
	_, err = s.answer(c)
	return s, err
}

// peekStatus reads the status without taking it.
func peekStatus(r *bufio.Reader) (status int, err error) {
	head, err := r.Peek(len("HTTP/1.1 200"))
	if err != nil {
		return 0, explain(err)
	}
	_, err = fmt.Sscanf(string(head[len("HTTP/1.1 "):]), "%d", &status)
	return status, err
}

func firstLine(request []byte) string {
	line, _, _ := bytes.Cut(request, []byte("\n"))
	return string(bytes.TrimSpace(line))
}
