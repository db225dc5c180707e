package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
)

// detect finds out what the program answers to. The error says how the attempts failed.
func (e *examination) detect(ctx context.Context, r *run) (*speech, error) {
	line := speech{request: []byte("rota doctor\n")}
	attempts := []speech{e.asking("/"), line}
	switch {
	case e.Request != "":
		attempts = []speech{{request: []byte(e.Request)}}
	case e.Path != "":
		attempts = []speech{e.asking(e.Path)}
	}
	spoken, err := e.firstAnswered(ctx, r, attempts, line)
	if !e.TLS && (err != nil || spoken.status == http.StatusBadRequest) && e.wantsTLS(ctx, r) {
		return nil, errors.New("in the clear, as it speaks TLS: give --tls")
	}
	return spoken, err
}

// firstAnswered returns the first of the attempts that gets an answer.
func (e *examination) firstAnswered(ctx context.Context, r *run, attempts []speech, line speech) (*speech, error) {
	var failed error
	for _, s := range attempts {
		spoken, err := s.attempt(ctx, r)
		if err == nil && s.http && !spoken.http && len(attempts) > 1 {
			if other, err := line.attempt(ctx, r); err == nil {
				spoken = other // it may answer one line better than several
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

// wantsTLS tries whether the program speaks TLS. Some TLS servers answer a request without TLS with 400.
func (e *examination) wantsTLS(ctx context.Context, r *run) bool {
	c, err := r.connect(ctx)
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

// attempt sends the request and returns the speech with what the answer shows.
func (s speech) attempt(ctx context.Context, r *run) (speech, error) {
	c, err := r.connect(ctx)
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

// peekStatus reads the HTTP status without consuming it.
func peekStatus(r *bufio.Reader) (status int, err error) {
	head, err := r.Peek(len("HTTP/1.1 200"))
	if err != nil {
		return 0, explain(err)
	}
	_, err = fmt.Sscanf(string(head[len("HTTP/1.1 "):]), "%d", &status)
	return status, err
}
