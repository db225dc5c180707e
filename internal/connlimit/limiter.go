// Package connlimit bounds what connections to an HTTP server may cost: how many there are, and how
// many file descriptors they leave to the rest of the process.
//
// A Limiter wraps the listener. When a connection is too much it closes the one that has been
// quiet for the longest, so that a health check or a command still gets in. When none is quiet it
// answers the new one with a refusal and closes it. A connection is quiet when it was answered and
// has asked nothing since, or when it has not sent a whole request for a second. Requests that
// stay, such as event streams, ask MayStay first: they leave descriptors to short requests.
package connlimit

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// Fewest is how many connections may always come, however few descriptors are left.
	Fewest = 8
	// slowToAsk is after how long a connection that has sent no request is quiet.
	slowToAsk = time.Second
)

// Limiter bounds the connections of one server. Make one with New.
type Limiter struct {
	most    int                      // connections
	files   func() (open, limit int) // of the process
	refusal func() []byte
	log     zerolog.Logger

	mu       sync.Mutex
	conns    map[net.Conn]*conn
	warned   time.Time     // when the log last said that a connection was refused
	refusing chan struct{} // holds one for each connection that is being refused
}

// conn is what the limiter knows of a connection.
type conn struct {
	net.Conn
	since    time.Time // when it came, or was answered last
	spare    int       // descriptors that were left when it came
	answered bool      // at least once
	busy     bool      // with a request
	closed   bool      // by the limiter
}

// New makes a limiter of at most so many connections. A connection that is refused gets the JSON of refusal.
func New(most int, refusal func() []byte, log zerolog.Logger) *Limiter {
	return &Limiter{
		most: most, files: openFiles, refusal: refusal, log: log,
		conns: map[net.Conn]*conn{}, refusing: make(chan struct{}, mostRefusing),
	}
}

// admit makes room if there are too many connections; false: there is no room.
func (l *Limiter) admit(c net.Conn) bool {
	fresh := &conn{Conn: c, since: time.Now(), spare: l.spare()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.fits(fresh) && !l.closeQuietest() {
		return false
	}
	l.conns[c] = fresh
	return true
}

func (l *Limiter) fits(c *conn) bool {
	return len(l.conns) < Fewest || len(l.conns) < l.most && c.spare > 0
}

// makeRoom reports whether a quiet connection could be closed.
func (l *Limiter) makeRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closeQuietest()
}

// closeQuietest closes the connection that has been quiet for the longest; one that was answered goes before
// one that has never asked. It reports whether there was one.
func (l *Limiter) closeQuietest() bool {
	var quietest *conn
	for _, c := range l.conns {
		if c.quiet() && (quietest == nil || c.quieterThan(quietest)) {
			quietest = c
		}
	}
	if quietest == nil {
		return false
	}
	quietest.closed = true
	delete(l.conns, quietest.Conn)
	quietest.Close()
	return true
}

func (c *conn) quiet() bool {
	return !c.busy && (c.answered || time.Since(c.since) >= slowToAsk)
}

func (c *conn) quieterThan(other *conn) bool {
	if c.answered != other.answered {
		return c.answered
	}
	return c.since.Before(other.since)
}

// ConnState follows what net/http does with a connection.
func (l *Limiter) ConnState(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.conns[c]
	switch {
	case known == nil:
	case state == http.StateIdle:
		known.busy, known.answered, known.since = false, true, time.Now()
	case state == http.StateClosed:
		delete(l.conns, c)
	}
}

type connKey struct{}

// ConnContext lets a request find its connection.
func (l *Limiter) ConnContext(ctx context.Context, c net.Conn) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return context.WithValue(ctx, connKey{}, l.conns[c])
}

// MayStay reports whether a request that may take any time gets in beside so many others. It has to leave
// reserve descriptors to short requests.
func (l *Limiter) MayStay(r *http.Request, others, reserve int) bool {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c == nil || others < Fewest/2 || c.spare >= reserve
}
