package connlimit

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Handler marks a connection busy while next serves its request. A request whose connection was closed as it
// came is not begun.
func (l *Limiter) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, _ := r.Context().Value(connKey{}).(*conn); c != nil {
			if r.ContentLength != 0 {
				l.awaitBody(c)
				r.Body = &body{r.Body, func() bool { return l.begin(c) }}
			} else if !l.begin(c) {
				panic(http.ErrAbortHandler)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// begin marks a connection busy, unless it has been closed.
func (l *Limiter) begin(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.busy = true
	return !c.closed
}

// awaitBody lets a connection that still sends its request count as one that has not asked yet.
func (l *Limiter) awaitBody(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.busy, c.answered, c.since = false, false, time.Now()
}

// body begins its request when all of it is here.
type body struct {
	io.ReadCloser
	begin func() bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && !b.begin() {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
