package doctor

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// speech is what a program answers to: HTTP, or some bytes that it answers with any others.
type speech struct {
	http    bool
	greets  bool // it speaks first
	request []byte
	status  int // of the first answer over HTTP
}

// String names the speech in a report.
func (s speech) String() string {
	if s.http {
		return "HTTP"
	}
	return fmt.Sprintf("%q", firstLine(s.request))
}

// asking is an HTTP request for the path.
func (e *examination) asking(path string) speech {
	return speech{http: true, request: []byte("GET " + path + " HTTP/1.1\r\nHost: " + e.Host + "\r\nUser-Agent: rota-doctor\r\nAccept: */*\r\n\r\n")}
}

// ask sends the request and reads the whole answer. closes means that no other request can follow.
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

// answer reads the answer to the request.
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

func firstLine(request []byte) string {
	line, _, _ := bytes.Cut(request, []byte("\n"))
	return string(bytes.TrimSpace(line))
}
