package connlimit

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"
)

const (
	mostRefusing = 16        // connections at a time: each needs a descriptor until it is told
	mostUnread   = 128 << 10 // bytes of a refused request that are read
)

// Listener admits only as many connections as there may be.
func (l *Limiter) Listener(inner net.Listener) net.Listener { return listener{inner, l} }

type listener struct {
	net.Listener
	limiter *Limiter
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if errors.Is(err, unix.EMFILE) && l.limiter.makeRoom() {
			continue
		}
		if err != nil || l.limiter.admit(c) {
			return c, err
		}
		l.limiter.refuse(c)
	}
}

// refuse answers a connection for which there is no room, and closes it.
func (l *Limiter) refuse(c net.Conn) {
	l.warn()
	select {
	case l.refusing <- struct{}{}:
		go func() {
			l.sendRefusal(c)
			<-l.refusing
		}()
	default:
		c.Close()
	}
}

func (l *Limiter) warn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.warned) >= 10*time.Second {
		l.warned = time.Now()
		l.log.Warn().Int("connections", len(l.conns)).
			Msg("refusing connections to the admin API: too many are busy, or few open files are left")
	}
}

// sendRefusal reads what the client sends, or its system might throw the answer away.
func (l *Limiter) sendRefusal(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(slowToAsk))
	body := append(l.refusal(), '\n')
	answer := http.Response{
		StatusCode: http.StatusServiceUnavailable, ProtoMajor: 1, ProtoMinor: 1, Close: true, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"1"}, "Cache-Control": {"no-store"}},
		Body:   io.NopCloser(bytes.NewReader(body)),
	}
	if answer.Write(c) != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(c, mostUnread))
	}
}
